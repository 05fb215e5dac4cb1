package workload_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/regotest"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
)

type object = map[string]any

// everywhere is a pod's spec with an image in each place, and with what should be an image and is not.
func everywhere() object {
	return object{
		"containers":          []any{object{"name": "a", "image": "1"}, object{"name": "b"}, object{"name": "c", "image": nil}, object{"image": 1}, "d", nil, 1, object{"name": "a", "image": "1"}},
		"initContainers":      []any{object{"name": "i", "image": "2"}},
		"ephemeralContainers": object{"x": object{"name": "e", "image": "3"}},
		"volumes":             []any{object{"name": "v", "image": object{"reference": "4"}}, object{"name": "w", "emptyDir": object{}}, object{"name": "u", "image": nil}, object{"image": "x"}, "y", nil},
	}
}

func objects() []object {
	spec := everywhere()
	template := object{"spec": spec}
	return []object{
		{"spec": spec}, {"spec": object{"template": template}}, {"template": template},
		{"spec": object{"jobTemplate": object{"spec": object{"template": template}}}},
		{"spec": spec, "template": template}, {}, {"spec": nil}, {"spec": "x"}, {"spec": []any{spec}}, {"spec": object{"containers": "x"}}, {"spec": object{"containers": object{}, "volumes": 1}},
		{"data": object{"image": "x"}}, {"status": spec}, {"metadata": object{"template": template}},
	}
}

// A report sees an image wherever a policy judges one.
func TestImagesAreFoundWherePoliciesFindThem(t *testing.T) {
	places := 0
	for _, o := range objects() {
		var want, got []string
		for _, use := range regotest.Eval(t, "data.lib.review.judged", object{"review": object{"object": o}}, time.Now()).([]any) {
			use := use.(object)
			want = append(want, fmt.Sprintf("%s %q %q", use["field"], use["container"], use["image"]))
		}
		for _, use := range workload.Uses(o) {
			got = append(got, fmt.Sprintf("%s %q %q", use.Field, use.Container, use.Image))
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%v\ngot  %q\nwant %q", o, got, want)
		}
		places += len(want)
	}
	if places < 40 {
		t.Errorf("only %d places, which proves little", places)
	}
}
