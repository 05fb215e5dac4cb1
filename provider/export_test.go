package provider

// Hosts is how many registries the gate knows of.
func (g *Gate) Hosts() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.hosts)
}

// Parsed is how many keys are kept parsed.
func (p *Provider) Parsed() int { return p.parsed.Len() }
