package registry

// CircuitsOpen tells which of the configured hosts fail, so that they get probes only. A host that was not asked yet does
// not fail.
func (c *Client) CircuitsOpen() map[string]bool {
	g := c.generation.Load()
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make(map[string]bool, len(g.options.Registries))
	for _, s := range g.options.Registries {
		asked, ok := g.hosts.Peek(s.Host)
		open[s.Host] = ok && asked.transport.content.CircuitOpen(s.Host)
	}
	return open
}
