package config_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// A key that somebody adds must say how a change of it is applied.
func TestEachKeySaysHowItIsApplied(t *testing.T) {
	var named func(of reflect.Type, above string) []string
	named = func(of reflect.Type, above string) (names []string) {
		for i := range of.NumField() {
			field := of.Field(i)
			name := strings.TrimPrefix(above+"."+field.Tag.Get("yaml"), ".")
			if field.Type.Kind() == reflect.Struct {
				names = append(names, named(field.Type, name)...)
				continue
			}
			if applies := field.Tag.Get("applies"); applies != "reload" && applies != "restart" {
				t.Errorf("%s is applied by %q; want reload or restart", name, applies)
			}
			names = append(names, name)
		}
		return names
	}
	var got []string
	for _, key := range config.Keys() {
		got = append(got, key.Name)
	}
	if want := named(reflect.TypeFor[config.Config](), ""); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func TestKeysThatWantARestartAreNamed(t *testing.T) {
	was := config.Default()
	next := config.Default()
	next.Limits.Keys, next.Registries = 7, []config.Registry{{Host: "a.example.org"}}
	if got := was.WantRestart(next); len(got) > 0 {
		t.Errorf("got %q for keys that a reload applies", got)
	}
	next.Listen, next.TLS.ClientNames, next.Log.Format = ":1", []string{"other"}, "text"
	if got, want := was.WantRestart(next), []string{"listen", "tls.clientNames", "log.format"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
