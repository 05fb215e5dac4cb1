package config

import (
	"fmt"
	"time"
)

// Beyond these a setting works, and is likely not what was meant.
const (
	longVerified = Duration(time.Hour)
	longRefused  = Duration(time.Minute)
	longTags     = Duration(10 * time.Minute)
	shortReload  = Duration(time.Second)
	longReload   = Duration(5 * time.Minute)
)

// Warnings lists the settings that work and will hurt, one sentence each, each starting
// with its key. [Config.Late] has those that depend on Gatekeeper.
func (c Config) Warnings() []string {
	var found []string
	add := func(when bool, format string, args ...any) {
		if when {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	add(c.Cache.Verified > longVerified, "cache.verified: a revoked certificate counts for up to %v after its CA has revoked it; write %v or less", c.Cache.Verified, longVerified)
	add(c.Cache.Refused > longRefused, "cache.refused: an image that is signed after its push is refused for up to %v; write %v or less", c.Cache.Refused, longRefused)
	add(c.Cache.Tags > longTags, "cache.tags: a tag that was moved means the old image for up to %v; write %v or less", c.Cache.Tags, longTags)
	add(c.Reload < shortReload, "reload: every file is read again each %v; write %v or more", c.Reload, shortReload)
	add(c.Reload > longReload, "reload: a new trust policy, CA or certificate is seen up to %v late; write %v or less", c.Reload, longReload)
	add(c.Limits.PerRegistry >= c.Limits.Concurrent, "limits.perRegistry: one slow registry can take all %d places of limits.concurrent; write less than that", c.Limits.Concurrent)
	return found
}
