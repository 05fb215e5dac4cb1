package inventory

// SetBudget lowers the bound on the cost of checks, for tests.
func (files *Files) SetBudget(cost int) { files.budget = cost }
