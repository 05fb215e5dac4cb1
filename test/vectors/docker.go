package vectors

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// writeDockerConfig writes the accounts that the provider is given, as people have them.
func (s *Scene) writeDockerConfig(path string) error {
	type entry struct {
		Auth string `json:"auth"`
	}
	auths := map[string]entry{}
	for _, name := range slices.Sorted(maps.Keys(s.vector.Registries)) {
		entries, err := s.accountEntries(name, s.vector.Registries[name])
		if err != nil {
			return fmt.Errorf("registry %q: %w", name, err)
		}
		for key, auth := range entries {
			auths[key] = entry{auth}
		}
	}
	encoded, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return err
	}
	return os.WriteFile(path, encoded, 0o600)
}

// accountEntries are those of one registry: what auth has, by key.
func (s *Scene) accountEntries(name string, spec Registry) (map[string]string, error) {
	r := s.Registries[name]
	if spec.Unlisted || r == nil {
		return nil, nil
	}
	key := r.Host
	if spec.AccountKey != "" {
		key = strings.ReplaceAll(spec.AccountKey, "HOST", r.Host)
	}
	auth := func(password string) string {
		return base64.StdEncoding.EncodeToString([]byte(r.Username + ":" + password))
	}
	switch spec.Account {
	case "":
		if r.Username == "" {
			return nil, nil
		}
		return map[string]string{key: auth(r.Password)}, nil
	case "none":
		return nil, nil
	case "wrong":
		return map[string]string{key: auth("no-" + r.Password)}, nil
	case "unreadable":
		return map[string]string{key: "!" + auth(r.Password)}, nil
	case "twice":
		return map[string]string{key + "/one": auth(r.Password), key + "/other": auth("no-" + r.Password)}, nil
	}
	return nil, fmt.Errorf("account %q is not known", spec.Account)
}
