package config_test

import (
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

func FuzzWhatIsAcceptedIsValid(f *testing.F) {
	f.Add(config.Annotated())
	f.Add(minimal)
	f.Add(minimal + "registries: [{host: a.b, mirror: c.d, mirrorOnly: true, referrers: tag}]\n")
	f.Add(minimal + "a: &a [*a]\n---\n<<: *a\n? [x]\n: !!binary x")
	f.Fuzz(func(t *testing.T, yaml string) {
		c, err := config.Parse([]byte(yaml))
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("accepted, but: %v", err)
		}
	})
}

func FuzzQuantitiesSurviveTheirText(f *testing.F) {
	f.Add(int64(0), int64(64<<10))
	f.Add(int64(1800e6), int64(1<<40+1))
	f.Fuzz(func(t *testing.T, duration, size int64) {
		var d config.Duration
		if err := d.UnmarshalText([]byte(config.Duration(duration).String())); err != nil || int64(d) != duration {
			t.Errorf("duration %d came back as %d: %v", duration, d, err)
		}
		var b config.Bytes
		if err := b.UnmarshalText([]byte(config.Bytes(size).String())); size >= 0 && (err != nil || int64(b) != size) {
			t.Errorf("size %d came back as %d: %v", size, b, err)
		}
	})
}
