package inventory

// SetBudget sets what checks may cost, so that a test spends it sooner.
func (p *Pile) SetBudget(cost int) { p.budget = cost }
