package provider

// Parsed is how many keys are kept parsed.
func (p *Provider) Parsed() int { return p.parsed.Len() }
