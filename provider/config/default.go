package config

import (
	_ "embed"
	"time"
)

//go:embed default.yaml
var annotated string

// Annotated returns the default configuration as a YAML file that explains each
// key. It has no TLS files yet: fill them in before it is used.
func Annotated() string { return annotated }

// Default returns the configuration that an empty file stands for. It is not
// complete: the three TLS files have no default.
func Default() Config {
	return Config{
		Listen:         ":8443",
		AdminListen:    ":8080",
		TLS:            TLS{ClientNames: []string{"gatekeeper-webhook-service.gatekeeper-system.svc"}},
		AnswerWithin:   Duration(1800 * time.Millisecond),
		MutateWithin:   Duration(800 * time.Millisecond),
		VerifyWithin:   Duration(15 * time.Second),
		RequestTimeout: Duration(5 * time.Second),
		Reload:         Duration(10 * time.Second),
		DrainDelay:     Duration(3 * time.Second),
		Limits:         Limits{RequestBytes: 1 << 20, Keys: 256, Concurrent: 64, PerRegistry: 32, Signatures: 20, Envelope: 128 << 10},
		Cache: Cache{
			Entries:  20000,
			Verified: Duration(10 * time.Minute),
			Refused:  Duration(15 * time.Second),
			Tags:     Duration(time.Minute),
			Evidence: Evidence{Memory: 64 << 20, Store: StoreNone, Directory: EvidenceDirectory{Size: 256 << 20}, Valkey: EvidenceValkey{
				Mode: ValkeyStandalone, Prefix: "notation-provider:", TTL: Duration(720 * time.Hour),
			}},
		},
		Trust: Trust{StoreDir: "truststore"},
		Log:   Log{Level: "info", Format: "json"},
	}
}
