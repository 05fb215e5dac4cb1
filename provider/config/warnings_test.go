package config_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// What works and is likely not meant is warned of, by its key.
func TestSettingsThatHurtAreWarnedOf(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"", ""},
		{"cache: {verified: 1h}", ""},
		{"cache: {verified: 500m}", "cache.verified"},
		{"cache: {refused: 61s}", "cache.refused"},
		{"cache: {tags: 11m}", "cache.tags"},
		{"reload: 50ms", "reload"},
		{"reload: 1h", "reload"},
		{"limits: {perRegistry: 64}", "limits.perRegistry"},
		{"limits: {concurrent: 32}", "limits.perRegistry"},
	} {
		var keys []string
		for _, warning := range parse(t, minimal+tc.line+"\n").Warnings() {
			key, _, _ := strings.Cut(warning, ":")
			keys = append(keys, key)
		}
		if got := strings.Join(keys, " "); got != tc.want {
			t.Errorf("%s: warned of %q; want %q", tc.line, got, tc.want)
		}
	}
	if found := config.Default().Warnings(); len(found) > 0 {
		t.Errorf("the default has warnings: %q", found)
	}
}
