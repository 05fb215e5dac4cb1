package config

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// Validate returns all problems of c, one line each, joined, or nil.
// [Load] and [Parse] have done it already.
func (c Config) Validate() error { return join("", c.check()) }

// checks gathers problems by key.
type checks []problem

// add notes a problem at key, unless text is empty.
func (p *checks) add(key, text string) {
	if text != "" {
		*p = append(*p, problem{key: key, text: text})
	}
}

func (c Config) check() []problem {
	var p checks
	c.checkAddresses(&p)
	c.TLS.check(&p)
	for _, q := range c.amounts() {
		p.add(q.key, q.check())
	}
	c.checkTimes(&p)
	c.Cache.Evidence.check(&p)
	if c.Trust.PolicyFile != "" {
		p.add("trust.policyFile", required(c.Trust.PolicyFile))
	}
	p.add("trust.storeDir", required(c.Trust.StoreDir))
	c.checkRegistries(&p)
	for i, host := range c.Egress.Allow {
		p.add(at("egress.allow", i), hostPort(host))
	}
	for i, file := range c.DockerConfigs {
		p.add(at("dockerConfigs", i), required(file))
	}
	p.add("log.level", oneOf(c.Log.Level, "debug", "info", "warn", "error"))
	p.add("log.format", oneOf(c.Log.Format, "json", "text"))
	return p
}

func (c Config) checkAddresses(p *checks) {
	p.add("listen", listenAddress(c.Listen))
	p.add("adminListen", listenAddress(c.AdminListen))
	if c.Listen == c.AdminListen && !strings.HasSuffix(c.Listen, ":0") {
		p.add("adminListen", "is the same as listen; give it a port of its own")
	}
}

func (t TLS) check(p *checks) {
	p.add("tls.certFile", required(t.CertFile))
	p.add("tls.keyFile", required(t.KeyFile))
	p.add("tls.clientCAFile", required(t.ClientCAFile))
	if len(t.ClientNames) == 0 {
		p.add("tls.clientNames", "is empty, so that no client would be accepted; name Gatekeeper's webhook service")
	}
	for i, name := range t.ClientNames {
		p.add(at("tls.clientNames", i), clientName(name))
	}
}

func clientName(name string) string {
	switch {
	case strings.Contains(name, "*"):
		return quote(name) + " has a wildcard; write the whole name"
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
		return quote(name) + " is not a name; write a DNS name or a URI"
	}
	return ""
}

func (c Config) checkTimes(p *checks) {
	p.add("answerWithin", within(c.AnswerWithin, c.VerifyWithin))
	p.add("mutateWithin", within(c.MutateWithin, c.VerifyWithin))
}

func (e Evidence) check(p *checks) {
	p.add("cache.evidence.store", oneOf(e.Store, StoreNone, StoreDirectory, StoreValkey))
	switch directory := e.Directory.Path; {
	case e.Store == StoreDirectory:
		p.add("cache.evidence.directory.path", required(directory))
	case directory != "" && (e.Store == StoreNone || e.Store == StoreValkey):
		p.add("cache.evidence.directory.path", "means nothing without the store; set cache.evidence.store to directory, or leave this out")
	}
	switch {
	case e.Store == StoreValkey:
		e.Valkey.check(p)
	case e.Valkey.used() && (e.Store == StoreNone || e.Store == StoreDirectory):
		p.add("cache.evidence.valkey", "means nothing without the store; set cache.evidence.store to valkey, or leave this out")
	}
}

func within(answer, verify Duration) string {
	if answer <= verify {
		return ""
	}
	return fmt.Sprintf("%v is longer than verifyWithin, %v; shorten it or lengthen that", answer, verify)
}

func (c Config) checkRegistries(p *checks) {
	seen := map[string]int{}
	for i, r := range c.Registries {
		key := at("registries", i)
		if first, ok := seen[r.Host]; ok && r.Host != "" {
			p.add(key+".host", fmt.Sprintf("%q has an entry already, registries[%d]; keep one", r.Host, first))
		} else {
			seen[r.Host] = i
		}
		r.check(p, key)
	}
}

func (r Registry) check(p *checks, key string) {
	p.add(key+".host", registryHost(r.Host))
	if r.Mirror != "" {
		p.add(key+".mirror", registryHost(r.Mirror))
	}
	if r.TokenService != "" {
		p.add(key+".tokenService", registryHost(r.TokenService))
	}
	for i, host := range r.Storage {
		p.add(at(key+".storage", i), hostPort(host))
	}
	if r.Mirror != "" && r.Mirror == r.Host {
		p.add(key+".mirror", "is the registry itself; name another host, or leave it out")
	}
	if r.MirrorOnly && r.Mirror == "" {
		p.add(key+".mirrorOnly", "has no mirror to ask; set mirror, or leave it out")
	}
	if r.PlainHTTPUnsafe && r.CAFile != "" {
		p.add(key+".caFile", "means nothing with plainHTTPUnsafe; leave out one of them")
	}
	if r.CAOnly && r.CAFile == "" {
		p.add(key+".caOnly", "has no authority to trust; set caFile, or leave it out")
	}
	all := []Referrers{ReferrersAuto, ReferrersAPI, ReferrersTag, ReferrersBoth}
	p.add(key+".referrers", oneOf(r.Referrers, all...))
}

func required(path string) string {
	if path == "" {
		return "is missing; write a path"
	}
	if strings.ContainsRune(path, 0) {
		return "has a zero byte; write a path"
	}
	return ""
}

func oneOf[S ~string](value S, known ...S) string {
	if slices.Contains(known, value) {
		return ""
	}
	return fmt.Sprintf("%q is not known; %s", string(value), spelling.Advice(string(value), known))
}

func at(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
