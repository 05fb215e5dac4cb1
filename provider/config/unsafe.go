package config

import "fmt"

// Unsafe lists the dangerous settings in force, one sentence each, to be logged
// at start. It is empty in a configuration to be proud of.
func (c Config) Unsafe() []string {
	var found []string
	for i, r := range c.Registries {
		if r.PlainHTTPUnsafe {
			found = append(found, fmt.Sprintf("registries[%d].plainHTTPUnsafe: %s is asked over plain HTTP: "+
				"credentials can be read, tags moved and signatures hidden on the way", i, r.Host))
		}
	}
	if e := c.Cache.Evidence; e.Store == StoreValkey && e.Valkey.PlainTextUnsafe {
		found = append(found, "cache.evidence.valkey.plainTextUnsafe: the store of signatures is asked in plain text: "+
			"its password can be read and signatures hidden on the way")
	}
	return found
}
