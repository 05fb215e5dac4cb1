package system

import (
	"net/http"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// step is one thing that somebody is asked for when an image is judged.
type step struct {
	name  string
	class rig.Class

	// Where the image is, how it is named, and whose revocation is asked for.
	registry rig.RegistryOptions
	pinned   bool
	pki      rig.PKIOptions

	stage provider.Cause // at which ignorance is told

	// What the rules go by.
	bodiless bool // it is a HEAD: where that is refused or says too little, GET tells
	alone    bool // what is asked for has one name, and there is no other of its kind
	lists    bool // it names signatures, and nothing proves that these are all
	named    bool // the answer says what the name stands for, and nothing proves that
	digest   bool // what the answer says of its digest is held against what is known
	typed    bool // what the answer says of its media type is held against what is known
	spare    bool // somebody else tells the same
}

// steps lists every step, each in a world where it is taken.
func steps() []step {
	list := []step{
		{name: "resolve a tag", class: rig.ClassResolve, bodiless: true, named: true, typed: true},
		{name: "resolve a digest", class: rig.ClassResolve, pinned: true, bodiless: true, digest: true, typed: true},
		{name: "list by the API", class: rig.ClassReferrers, lists: true, typed: true},
		{name: "list by tag", class: rig.ClassReferrersTag, registry: rig.RegistryOptions{Kind: rig.Tag}, digest: true, typed: true, lists: true},
		{name: "signature", class: rig.ClassManifest, digest: true, typed: true},
		{name: "envelope", class: rig.ClassBlob, digest: true},
		{name: "token", class: rig.ClassToken, registry: rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token}, alone: true},
		{name: "CRL", class: rig.ClassCRL, pki: rig.PKIOptions{CRL: true}},
		{name: "OCSP", class: rig.ClassOCSP, pki: rig.PKIOptions{OCSP: true}},
		{name: "OCSP beside a CRL", class: rig.ClassOCSP, pki: rig.PKIOptions{OCSP: true, CRL: true}, spare: true},
	}
	for i := range list {
		list[i].stage = provider.CauseRegistry
		if list[i].revocation() {
			list[i].stage = provider.CauseRevocation
		}
	}
	return list
}

// revocation tells whether the step asks about certificates.
func (s step) revocation() bool { return s.pki.CRL || s.pki.OCSP }

// fault is one way to fail.
type fault struct {
	name   string
	effect func(*row) rig.Fault

	servers []setting // that it is tried on; the patient one if there are none
	body    bool      // it needs a body to spoil
	diverts bool      // it needs another of the same kind
	once    bool      // it lasts for one request

	// told says what comes of it. Without it, ignorance at the step's stage.
	told func(step) outcome
}

// outcome is what is said of the image: a reason, or a stage of ignorance.
type outcome struct {
	reason provider.Reason
	stage  provider.Cause
	other  bool // it is said of the other image
}

func verified(step) outcome { return outcome{reason: provider.Verified} }

func unknown(s step) outcome { return outcome{stage: s.stage} }

// noAccess is a matter of credentials where we have any.
func noAccess(s step) outcome {
	if s.revocation() {
		return unknown(s)
	}
	return outcome{stage: provider.CauseCredentials}
}

// askedByGet is the outcome of a HEAD that is refused or says too little: GET tells. At other steps it is as told.
func askedByGet(told func(step) outcome) func(step) outcome {
	return func(s step) outcome {
		if s.bodiless {
			return verified(s)
		}
		return told(s)
	}
}

// mislabelled is what comes of a digest that is not the content's. Of a tag it is the registry's word what it stands
// for, and of that image there is no signature; where it is known what must come it is held against that; elsewhere what
// comes proves itself, by its own bytes or its signature.
func mislabelled(s step) outcome {
	switch {
	case s.named:
		return outcome{reason: provider.Unsigned}
	case s.digest:
		return unknown(s)
	}
	return verified(s)
}

// mistyped is what comes of a media type that is not the content's.
func mistyped(s step) outcome {
	if s.typed {
		return unknown(s)
	}
	return verified(s)
}

// exchanged is what comes of the answer to another question. Of a tag it is the registry's word what it stands for, and
// that image is judged; another image's signatures are no good; all else is known by its digest or its signer.
func exchanged(s step) outcome {
	switch {
	case s.named:
		return outcome{reason: provider.Verified, other: true}
	case s.lists:
		return outcome{reason: provider.Tampered}
	}
	return unknown(s)
}

// emptied is what comes of an answer of the right kind that says nothing. A list that nothing proves may be empty: a
// registry can hide signatures.
func emptied(s step) outcome {
	if s.lists && !s.digest {
		return outcome{reason: provider.Unsigned}
	}
	return unknown(s)
}

// noSuchAPI is what comes of a method or API that there is not. A registry can say so of its list of signatures, too.
func noSuchAPI(s step) outcome {
	if s.class == rig.ClassReferrers {
		return outcome{reason: provider.Unsigned}
	}
	return unknown(s)
}

// forgedToken is a token that the registry does not take.
func forgedToken(s step) outcome {
	if s.class == rig.ClassToken {
		return outcome{stage: provider.CauseCredentials}
	}
	return emptied(s)
}

// faults lists every way to fail.
func faults() []fault {
	slow := []setting{hasty, brisk}
	list := []fault{
		{name: "401", effect: always(rig.Status(401, nil)), told: askedByGet(noAccess)}, // it says not how to give credentials
		{name: "403", effect: always(rig.Status(403, nil)), told: askedByGet(noAccess)},
		{name: "405", effect: always(rig.Status(405, nil)), told: askedByGet(noSuchAPI)},
		{name: "429", effect: always(rig.Status(429, http.Header{"Retry-After": {"1"}})), servers: []setting{brisk}},
		{name: "500", effect: always(rig.Status(500, nil))},
		{name: "503", effect: always(rig.Status(503, nil))},
		{name: "503 once", effect: always(rig.Status(503, nil)), once: true, told: verified},
		{name: "hang", effect: always(rig.Hang()), servers: slow},
		{name: "delay", effect: always(rig.Delay(time.Minute)), servers: slow},
		{name: "drip", effect: always(rig.Drip(100 * time.Millisecond)), servers: slow, body: true},
		{name: "cut", effect: always(rig.Cut())},
		{name: "truncate", effect: always(rig.Truncate(5)), body: true},
		{name: "HTML", effect: always(rig.HTML()), told: askedByGet(unknown)},
		{name: "junk", effect: always(replace(func(body []byte) string { return strings.Repeat("x", len(body)) })), body: true},
		{name: "nothing", effect: always(replace(func([]byte) string { return "" })), body: true},
		{name: "empty JSON", effect: always(replace(func([]byte) string { return `{}` })), body: true, told: emptied},
		{name: "other JSON", effect: always(replace(func([]byte) string { return `{"token":"other","manifests":[]}` })), body: true, told: forgedToken},
		{name: "other digest", effect: always(rig.Header("Docker-Content-Digest", "sha256:"+strings.Repeat("5", 64))), told: mislabelled},
		{name: "other media type", effect: always(rig.Header("Content-Type", "text/plain")), told: askedByGet(mistyped)},
		{name: "other content", effect: (*row).divert, diverts: true, told: exchanged},
		{name: "other content once", effect: (*row).divert, diverts: true, once: true, told: exchanged},
		{name: "redirect", effect: (*row).redirect},
	}
	return list
}

func always(e rig.Fault) func(*row) rig.Fault { return func(*row) rig.Fault { return e } }

func replace(body func([]byte) string) rig.Fault {
	return rig.Rewrite(func(b []byte) []byte { return []byte(body(b)) })
}

// applies tells whether the fault can befall the step.
func (f fault) applies(s step) bool {
	return (!f.body || !s.bodiless) && (!f.diverts || !s.alone)
}

// expect is the rule: what is said of an image while the fault lasts.
func (f fault) expect(s step, on setting) outcome {
	switch {
	case on == hasty:
		return outcome{stage: provider.CauseDeadline}
	case s.spare:
		return verified(s)
	case f.told != nil:
		return f.told(s)
	}
	return unknown(s)
}

// again tells whether the step is taken for an image whose evidence is known: what a tag stands for and who is revoked may
// have changed since.
func (s step) again() bool { return s.named || s.revocation() }

// expectLater is the rule for an image whose evidence is known. A list of the revoked serves while no other of the
// same CA comes.
func (f fault) expectLater(s step, on setting) outcome {
	if s.again() && s.class != rig.ClassCRL {
		return f.expect(s, on)
	}
	return verified(s)
}
