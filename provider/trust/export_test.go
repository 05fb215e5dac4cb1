package trust

// SetLoad has f loaded by other means than from its files, so that tests can change
// them between one reading and the next.
func (f *Files) SetLoad(load func() (*Snapshot, error)) { f.load = load }
