package config

import (
	"fmt"
	"path/filepath"
	"syscall"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// mayRead is R_OK of access(2).
const mayRead = 4

// Unreadable is an error with a line for each file that is not there or may not be read. It looks
// at the files that dockerConfigs or a caFile in the configuration at path names: what reads them
// later knows no key. It is nil if there is none. The configuration was loaded before.
func Unreadable(path string) error {
	data, err := regularfile.Read(path, maxFile)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	c, lines, _ := parse(data)
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("find the folder of %s: %w", path, err)
	}
	c.resolve(folder)
	var found []problem
	look := func(key, file string) {
		if file == "" {
			return
		}
		if err := syscall.Access(file, mayRead); err != nil {
			found = append(found, problem{lines[key], key, fmt.Sprintf("%s: %v; name a file that can be read", file, err)})
		}
	}
	for i, file := range c.DockerConfigs {
		look(at("dockerConfigs", i), file)
	}
	for i, r := range c.Registries {
		look(at("registries", i)+".caFile", r.CAFile)
	}
	return join(path+": ", found)
}
