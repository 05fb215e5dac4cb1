package reports

import (
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Bounds of one report.
const (
	// MaxImages bounds the images.
	MaxImages = 50_000
	// MaxUses bounds the containers and volumes that use them.
	MaxUses = 1_000_000
)

// Collection is what was found in objects. The zero value is empty.
type Collection struct {
	exceptions exception.Set
	images     map[identity]*collected
	order      []*collected
	uses       int
	objects    int
	finished   int
	absent     []string // resources that the cluster does not have
}

// Lacks notes the resources that the cluster does not have, as signedimages.
func (c *Collection) Lacks(absent []string) { c.absent = absent }

// Empty tells whether no object uses an image.
func (c *Collection) Empty() bool { return len(c.order) == 0 }

// identity tells images apart: by their name in its canonical form, and the digest that runs.
type identity struct{ name, running string }

// collected is one image and its uses.
type collected struct {
	written string
	image   provider.Image
	known   bool // whether written is a reference
	running string
	uses    []Use
}

// Add takes an object. Pods that have finished, and objects without images, are left out. The error says what to do when
// there is too much.
func (c *Collection) Add(object map[string]any) error {
	if c.exceptions.Add(object) {
		return nil
	}
	if workload.Finished(object) {
		c.finished++
		return nil
	}
	found := workload.Uses(object)
	if len(found) > 0 {
		c.objects++
	}
	for _, use := range found {
		if err := c.add(use); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collection) add(use workload.Use) error {
	image, err := provider.ParseImage(use.Image)
	id := identity{use.Image, use.Running.String()}
	if err == nil {
		id.name = image.String()
	}
	if c.images == nil {
		c.images = map[identity]*collected{}
	}
	entry, ok := c.images[id]
	if !ok {
		entry = &collected{written: use.Image, image: image, known: err == nil, running: use.Running.String()}
		c.images[id] = entry
		c.order = append(c.order, entry)
	}
	if c.uses++; c.uses > MaxUses || len(c.order) > MaxImages {
		return fmt.Errorf("there are more than %d images, or %d uses of them; make a report for some namespaces at a time", MaxImages, MaxUses)
	}
	entry.add(use)
	return nil
}

// add puts the containers of one object together.
func (e *collected) add(use workload.Use) {
	if last := len(e.uses) - 1; last >= 0 && e.uses[last].Kind == use.Kind && e.uses[last].Namespace == use.Namespace && e.uses[last].Name == use.Name {
		if !slices.Contains(e.uses[last].Containers, use.Container) {
			e.uses[last].Containers = append(e.uses[last].Containers, use.Container)
		}
		return
	}
	e.uses = append(e.uses, Use{use.Kind, use.Namespace, use.Name, []string{use.Container}})
}

// Keys are the questions to ask, each once: image references, with the conditions of the constraints that decide on them.
func (c *Collection) Keys() []string {
	var keys []string
	seen := map[string]bool{}
	for _, entry := range c.order {
		for _, d := range c.deciding(entry) {
			for _, key := range []string{d.key, d.tagKey} {
				if key != "" && !seen[key] {
					seen[key] = true
					keys = append(keys, key)
				}
			}
		}
	}
	return keys
}

// target is the image that is asked about: by the digest that its reference names, else by the one that runs, else by its tag.
func (e *collected) target() string {
	if e.known && e.image.Digest == "" && e.running != "" {
		return e.image.Repository + "@" + e.running
	}
	return e.written
}

// namespaces are those that use the image, by name.
func (e *collected) namespaces() []string {
	names := make([]string, 0, 1)
	for _, use := range e.uses {
		names = append(names, use.Namespace)
	}
	return distinct(names)
}
