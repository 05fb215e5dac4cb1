package cache

// Load is how full one of the two memories is. Good answers and refusals have a part each.
type Load struct {
	// Memory is [Tags] or [Verdicts].
	Memory string
	// Good and Refused are the numbers of entries, lapsed ones too.
	Good, Refused int
}

// Load tells how full the memories are.
func (c *Cache) Load() []Load {
	return []Load{
		{Tags, c.tags.good.Len(), c.tags.refused.Len()},
		{Verdicts, c.verdicts.good.Len(), c.verdicts.refused.Len()},
	}
}

// Settings returns those in force.
func (c *Cache) Settings() Settings { return *c.settings.Load() }

// Limits tells how many checks may run, and how many may wait.
func (l *Limiter) Limits() (running, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options.Concurrent, l.options.Queue
}
