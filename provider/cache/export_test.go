package cache

// Hosts is how many registries the limiter knows of.
func (l *Limiter) Hosts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.hosts)
}

// Refused is how many refusals are kept.
func (c *Cache) Refused() int { return c.verdicts.refused.Len() }
