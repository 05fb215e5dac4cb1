package template

import (
	"encoding/json"
	"fmt"
)

// syncData is what the annotation metadata.gatekeeper.sh/requires-sync-data says: the kinds of objects that the template
// looks for in data.inventory, as gator sync test reads it. It is empty if no module names any. A module names them in the
// METADATA of its package, as custom.requiresSyncData.
func syncData(modules []module) (string, error) {
	var all []any
	for _, m := range modules {
		kinds, err := m.syncData()
		if err != nil {
			return "", err
		}
		all = append(all, kinds...)
	}
	if len(all) == 0 {
		return "", nil
	}
	encoded, err := json.Marshal(all)
	return `"` + string(encoded) + `"`, err
}

func (m module) syncData() ([]any, error) {
	about, err := m.about()
	if err != nil {
		return nil, nil //nolint:nilerr // a library of somebody's own needs no METADATA
	}
	given, named := about.Custom["requiresSyncData"]
	kinds, isList := given.([]any)
	if named && !isList {
		return nil, fmt.Errorf("%s: custom.requiresSyncData is no list; write [[{groups: […], versions: […], kinds: […]}]]", m.parsed.Package.Location.File)
	}
	return kinds, nil
}
