package config_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Each case is added to a minimal file, so its own first line is line 2.
func TestWhatIsWrongIsSaidWithLineKeyAndRemedy(t *testing.T) {
	for _, tc := range []struct{ name, yaml, want string }{
		{"misspelt key", "answerWithn: 1s", `line 2: unknown key "answerWithn" at the top level; did you mean "answerWithin"?`},
		{"other capitals", "adminlisten: :1", `line 2: unknown key "adminlisten" at the top level; did you mean "adminListen"?`},
		{"misspelt nested key", "cache:\n  entires: 3", `line 3: unknown key "entires" in cache; did you mean "entries"?`},
		{"misspelt key in list", "registries:\n- host: a.b\n  miror: c.d", `line 4: unknown key "miror" in registries[0]; did you mean "mirror"?`},
		{"unknown key", "log: {colour: red}", `line 2: unknown key "colour" in log; write one of level, format`},
		{"key that is a list", "? [listen]\n: :1", `line 2: a key at the top level is a list; write a plain word`},
		{"merge key", "<<: {listen: :1}", `line 2: unknown key "<<" at the top level`},
		{"duplicate key", "listen: :1\nlisten: :2", `line 3: duplicate key "listen" at the top level, first set in line 2; keep one`},
		{"duplicate nested key", "log:\n  level: info\n  level: warn", `line 4: duplicate key "level" in log, first set in line 3`},
		{"alias", "log: &a {level: info}\ncache: *a", `line 3: cache is an alias, which is not taken here`},
		{"second document", "---\nlisten: :1", `line 2: a second YAML document starts here; keep one`},
		{"no YAML", "log: [", `line 3: is not YAML: did not find expected node content`},
		{"a list for keys", "cache: [1]", `line 2: cache is a list; write keys with values`},
		{"a value for a list", "dockerConfigs: a.json", `line 2: dockerConfigs: is a single value; write a list, like [a, b]`},
		{"keys for a value", "listen: {port: 1}", `line 2: listen: is a set of keys; write a single value`},

		{"duration without unit", "reload: 10", `line 2: reload: "10" is not a duration; write a number with its unit, like 1800ms, 15s or 10m`},
		{"bad size", "limits: {requestBytes: 1MB}", `line 2: limits.requestBytes: "1MB" is not a size; write a whole number of bytes, or one with KiB, MiB or GiB`},
		{"size beyond int64", "limits: {requestBytes: 9999999999GiB}", `is not a size`},
		{"bad number", "limits: {keys: many}", `line 2: limits.keys: "many" is not a whole number that can be read`},
		{"yes for true", "registries: [{host: a.b, plainHTTPUnsafe: yes}]", `plainHTTPUnsafe: "yes" is neither true nor false`},

		{"zero duration", "cache:\n  tags: 0s", `line 3: cache.tags: 0s is not positive`},
		{"negative duration", "requestTimeout: -1s", `line 2: requestTimeout: -1s is not positive`},
		{"answer after verify", "answerWithin: 20s", `line 2: answerWithin: 20s is longer than verifyWithin, 15s; shorten it or lengthen that`},
		{"mutate after verify", "verifyWithin: 700ms\nanswerWithin: 1ms", `mutateWithin: 800ms is longer than verifyWithin, 700ms`},
		{"zero count", "limits: {signatures: 0}", `line 2: limits.signatures: 0 is not positive; write a number of up to 1000`},

		{"overflowing number", "limits: {concurrent: 576460752303423488}", `line 2: limits.concurrent: 576460752303423488 is too much; write 4096 or less`},
		{"largest number", "limits: {signatures: 9223372036854775807}", `limits.signatures: 9223372036854775807 is too much; write 1000 or less`},
		{"number beyond int64", "limits: {keys: 9223372036854775808}", `limits.keys: "9223372036854775808" is not a whole number that can be read; write one in digits; the most is 10000`},
		{"evidence of yesterday", "cache: {evidence: 64MiB}", `cache.evidence is a single value; write keys with values`},
		{"unknown store", "cache: {evidence: {store: disk}}", `cache.evidence.store: "disk" is not known; write one of none, directory, valkey`},
		{"store without folder", "cache: {evidence: {store: directory}}", `cache.evidence.directory.path: is missing; write a path`},
		{"folder without store", "cache: {evidence: {directory: {path: /e}}}", `cache.evidence.directory.path: means nothing without the store; set cache.evidence.store to directory, or leave this out`},
		{"no server", `cache: {evidence: {store: valkey, valkey: {}}}`, `cache.evidence.valkey.addresses: is missing; write the host:port of a server`},
		{"two servers", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379", "w:6379"]}}}`, `cache.evidence.valkey.addresses: has more than one server; write one, or set mode to sentinel or cluster`},
		{"server without port", `cache: {evidence: {store: valkey, valkey: {addresses: [v]}}}`, `cache.evidence.valkey.addresses[0]: "v" has no port; write host:port, like valkey.example.org:6379`},
		{"unknown mode", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], mode: ring}}}`, `cache.evidence.valkey.mode: "ring" is not known; write one of standalone, sentinel, cluster`},
		{"no master", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], mode: sentinel}}}`, `cache.evidence.valkey.master: is missing; write the name by which the Sentinels know the servers`},
		{"master of no Sentinel", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], master: m}}}`, `cache.evidence.valkey.mode: has no Sentinels; write sentinel, or leave out master, sentinelUsername and sentinelPasswordFile`},
		{"not a network", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], mode: cluster, nodes: [10.0.0.1/8]}}}`, `cache.evidence.valkey.nodes[0]: "10.0.0.1/8" is not a network; write one like 10.0.0.0/8`},
		{"nodes of one server", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], nodes: [10.0.0.0/8]}}}`, `cache.evidence.valkey.nodes: means nothing with standalone, where addresses has the only server; leave it out`},
		{"no password", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], username: u}}}`, `cache.evidence.valkey.passwordFile: is missing for username; write a path`},
		{"no Sentinel password", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], mode: sentinel, master: m, sentinelUsername: u}}}`, `cache.evidence.valkey.sentinelPasswordFile: is missing for sentinelUsername; write a path`},
		{"pattern as prefix", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], prefix: "a*"}}}`, `cache.evidence.valkey.prefix: "a*" is not a prefix of keys; write letters, digits and -_.:/ up to 128, such as notation-provider:`},
		{"long ttl", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], ttl: 8761h}}}`, `cache.evidence.valkey.ttl: 8761h is too much; write 8760h or less`},
		{"plain text with TLS", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], plainTextUnsafe: true, tls: {caFile: c}}}}`, `cache.evidence.valkey.tls: means nothing with plainTextUnsafe; leave out one of them`},
		{"certificate of no key", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], tls: {clientCertFile: c}}}}`, `cache.evidence.valkey.tls.clientKeyFile: is missing for clientCertFile; write a path`},
		{"key of no certificate", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], tls: {clientKeyFile: c}}}}`, `cache.evidence.valkey.tls.clientCertFile: is missing for clientKeyFile; write a path`},
		{"server name with a port", `cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], tls: {serverName: "v:1"}}}}`, `cache.evidence.valkey.tls.serverName: "v:1" is not a name; write one that is in the server's certificate, in lower case`},
		{"servers without store", `cache: {evidence: {valkey: {addresses: ["v:6379"]}}}`, `cache.evidence.valkey: means nothing without the store; set cache.evidence.store to valkey, or leave this out`},
		{"small folder", "cache: {evidence: {store: directory, directory: {path: /e, size: 1MiB}}}", `cache.evidence.directory.size: 1MiB is too little; write 16MiB or more`},
		{"overflowing size", "cache: {evidence: {memory: 8589934591GiB}}", `cache.evidence.memory: 8589934591GiB is too much; write 16GiB or less`},
		{"overflowing duration", "cache: {verified: 2562047h}", `cache.verified: 2562047h is too much; write 24h or less`},
		{"duration beyond them", "answerWithin: 2562048h", `"2562048h" is not a duration; write a number with its unit, like 1800ms, 15s or 10m; the most is 30s`},
		{"endless polling", "reload: 1ns", `line 2: reload: 1ns is too little; write 10ms or more`},

		{"wildcard name", "tls: {clientNames: ['*.gatekeeper-system.svc']}", `tls.clientNames[0]: "*.gatekeeper-system.svc" has a wildcard; write the whole name`},
		{"empty name", "tls: {clientNames: ['']}", `tls.clientNames[0]: "" is not a name`},
		{"empty path", "dockerConfigs: ['']", `line 2: dockerConfigs[0]: is missing; write a path`},
		{"listen nowhere", "listen: 8443", `line 2: listen: "8443" is not an address to listen on; write host:port or :port`},
		{"same address", "adminListen: :8443", `line 2: adminListen: is the same as listen`},
		{"log level", "log: {level: verbose}", `line 2: log.level: "verbose" is not known; write one of debug, info, warn, error`},
		{"log format", "log: {format: xml}", `line 2: log.format: "xml" is not known`},
		{"scheme", "registries: [{host: 'https://a.b'}]", `line 2: registries[0].host: "https://a.b" has a scheme; write the host alone`},
		{"path", "registries: [{host: a.b/c}]", `"a.b/c" has more than a host`},
		{"capitals", "registries: [{host: A.b}]", `"A.b" has capitals; write it in lower case`},
		{"default port", "registries: [{host: 'a.b:443'}]", `"a.b:443" has the default port; leave out :443`},
		{"bad port", "registries: [{host: 'a.b:port'}]", `"a.b:port" has no port after its colon`},
		{"padded port", "registries: [{host: 'a.b:080'}]", `"a.b:080" has no port after its colon`},
		{"bad host", "registries: [{host: 'a..b'}]", `"a..b" is not a host`},
		{"Docker's index", "registries: [{host: index.docker.io}]", `write docker.io`},
		{"no host", "registries: [{mirror: a.b}]", `registries[0].host: is empty`},
		{"twice", "registries: [{host: a.b}, {host: a.b}]", `line 2: registries[1].host: "a.b" has an entry already, registries[0]; keep one`},
		{"mirror of self", "registries: [{host: a.b, mirror: a.b}]", `registries[0].mirror: is the registry itself`},
		{"mirror with URL", "registries: [{host: a.b, mirror: 'http://c'}]", `registries[0].mirror: "http://c" has a scheme`},
		{"mirrorOnly", "registries: [{host: a.b, mirrorOnly: true}]", `registries[0].mirrorOnly: has no mirror to ask`},
		{"CA for no TLS", "registries: [{host: a.b, caFile: c, plainHTTPUnsafe: true}]", `registries[0].caFile: means nothing with plainHTTPUnsafe`},
		{"caOnly", "registries: [{host: a.b, caOnly: true}]", `registries[0].caOnly: has no authority to trust; set caFile, or leave it out`},
		{"storage", "registries: [{host: a.b, storage: [c.d, 'https://s3.a.b']}]", `registries[0].storage[1]: "https://s3.a.b" has a scheme; write the host alone`},
		{"referrers", "registries: [{host: a.b, referrers: none}]", `registries[0].referrers: "none" is not known; write one of auto, api, tag, both`},
		{"egress", "egress: {allow: ['http://ocsp']}", `line 2: egress.allow[0]: "http://ocsp" has a scheme`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			yaml := minimal + tc.yaml
			if strings.HasPrefix(tc.yaml, "tls:") {
				yaml = "\n" + tc.yaml
			}
			_, err := config.Parse([]byte(yaml))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	_, err := config.Parse([]byte("listn: :1\nreload: soon\nlimits: {keys: -1}\nlog: {level: x}\n"))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"listn", "reload", "limits.keys", "log.level", "tls.certFile", "tls.keyFile", "tls.clientCAFile"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing said of %s in:\n%v", want, err)
		}
	}
	if got := strings.Count(err.Error(), "\n"); got != 6 {
		t.Errorf("got %d lines, want 7:\n%v", got+1, err)
	}
}

func TestHostsThatRegistriesReallyHaveAreTaken(t *testing.T) {
	for _, host := range []string{"docker.io", "harbor.skao.int", "localhost:5000", "10.0.0.1", "[::1]:5000", "[::1]", "zot"} {
		if _, err := config.Parse([]byte(minimal + "registries: [{host: '" + host + "'}]\negress: {allow: ['" + host + "']}")); err != nil {
			t.Error(err)
		}
	}
}
