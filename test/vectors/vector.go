package vectors

import (
	"encoding/json"
	"net/url"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Vector is one case. README.md tells what each key means and what holds without it.
type Vector struct {
	Name     string // of the file, without its extension
	Sentence string // what the case stands for

	Settings   Settings
	Registries map[string]Registry
	PKIs       map[string]PKI
	TSAs       map[string]TSA
	Images     []Image
	Trust      []Policy
	Faults     []Fault
	Asks       []Ask
}

// Settings are what the server is configured with.
type Settings struct {
	AnswerWithin   Offset `yaml:"answer-within"`
	RequestTimeout Offset `yaml:"request-timeout"`
	Signatures     int    `yaml:"signatures"`
	Egress         string `yaml:"egress"`
}

// Registry is a registry, or a host that only a mirror answers for.
type Registry struct {
	Kind       rig.Kind         `yaml:"kind"`
	Auth       rig.Auth         `yaml:"auth"`
	Account    string           `yaml:"account"`
	AccountKey string           `yaml:"account-key"`
	Challenges []string         `yaml:"challenges"`
	Readable   []string         `yaml:"readable"`
	CA         string           `yaml:"ca"`
	PlainHTTP  bool             `yaml:"plain-http"`
	Referrers  config.Referrers `yaml:"referrers"`
	Mirror     string           `yaml:"mirror"`
	MirrorOnly bool             `yaml:"mirror-only"`
	Unlisted   bool             `yaml:"unlisted"`
}

// PKI is a root and what it issued.
type PKI struct {
	Organization string     `yaml:"organization"`
	Keys         ca.KeyType `yaml:"keys"`
	Chain        int        `yaml:"chain"`
	Intermediate Validity   `yaml:"intermediate"`
	Revocation   `yaml:",inline"`
}

// Revocation is where a CA tells what it revoked, and what it tells.
type Revocation struct {
	CRL     bool   `yaml:"crl"`
	OCSP    bool   `yaml:"ocsp"`
	Revoked string `yaml:"revoked"`
	Unknown string `yaml:"unknown"`
	Stale   bool   `yaml:"stale"`

	Responder string `yaml:"ocsp-by"`
	Scope     string `yaml:"crl-scope"`
}

// TSA is a timestamp authority.
type TSA struct {
	Revocation `yaml:",inline"`
}

// Validity is when a certificate starts and ends.
type Validity struct {
	From Offset `yaml:"from"`
	To   Offset `yaml:"to"`
}

// Image is an image, or an index of two, with what is attached to it.
type Image struct {
	Name             string      `yaml:"name"`
	Registry         string      `yaml:"registry"`
	Repository       string      `yaml:"repository"`
	Tag              string      `yaml:"tag"`
	Index            bool        `yaml:"index"`
	Signatures       []Signature `yaml:"signatures"`
	CopiedTo         string      `yaml:"copied-to"`
	CopiedUnsignedTo string      `yaml:"copied-unsigned-to"`
}

// Signature is a signature, or several of one kind.
type Signature struct {
	Count     int         `yaml:"count"`
	By        string      `yaml:"by"`
	Leaf      Validity    `yaml:"leaf"`
	Format    string      `yaml:"format"`
	Scheme    string      `yaml:"scheme"`
	Signed    Offset      `yaml:"signed"`
	Expires   Offset      `yaml:"expires"`
	Timestamp string      `yaml:"timestamp"`
	Stamped   Offset      `yaml:"stamped"`
	Plugin    string      `yaml:"plugin"`
	Critical  string      `yaml:"critical"`
	Attribute string      `yaml:"attribute"`
	Of        string      `yaml:"of"`
	Defect    rig.Defect  `yaml:"defect"`
	Claims    string      `yaml:"claims"`
	Listed    rig.Listing `yaml:"listed"`
	Late      bool        `yaml:"late"`

	Metadata map[string]string `yaml:"metadata"`
}

// Policy is a statement of the trust policy.
type Policy struct {
	Name             string            `yaml:"name"`
	Level            string            `yaml:"level"`
	Override         map[string]string `yaml:"override"`
	VerifyTimestamp  string            `yaml:"verify-timestamp"`
	Scopes           []string          `yaml:"scopes"`
	CA               []string          `yaml:"ca"`
	SigningAuthority []string          `yaml:"signing-authority"`
	TSA              []string          `yaml:"tsa"`
	Identities       []string          `yaml:"identities"`
}

// Fault is what goes wrong with requests while the questions are asked.
type Fault struct {
	At         string    `yaml:"at"`
	Class      rig.Class `yaml:"class"`
	Effect     string    `yaml:"effect"`
	RetryAfter int       `yaml:"retry-after"`
	Skip       int       `yaml:"skip"`
	Times      int       `yaml:"times"`
}

// Ask is a question about some images, which all have the same answer.
type Ask struct {
	Images    []string `yaml:"images"`
	Expect    Outcome  `yaml:"expect"`
	Verifier  Outcome  `yaml:"expect-verifier"`
	Mended    Outcome  `yaml:"expect-mended"`
	Admission string   `yaml:"expect-admission"`
	Policy    string   `yaml:"policy"`
	Canonical string   `yaml:"canonical"`
	Until     string   `yaml:"until"`
	Warnings  []string `yaml:"warnings"`
	Detail    string   `yaml:"detail"`
	Untouched []string `yaml:"untouched"`

	Require  Require           `yaml:"require"`
	Metadata map[string]string `yaml:"metadata"`
}

// Require is what a constraint asks of the signature.
type Require struct {
	Metadata map[string]string `yaml:"metadata" json:"metadata"`
	Signer   map[string]string `yaml:"signer"   json:"signer"`
}

// query is how the provider is asked for it; "" for nothing.
func (r Require) query() string {
	values := url.Values{}
	for key, value := range r.Metadata {
		values.Set("metadata."+key, value)
	}
	for name, value := range r.Signer {
		values.Set("signer."+name, value)
	}
	return values.Encode()
}

// Constraint is the SignedImages that asks for it of every image, in YAML.
func (r Require) Constraint(name, provider, support string) (string, error) {
	parameters := map[string]any{"provider": provider, "images": []string{"*"}, "support": support}
	if len(r.Metadata) > 0 {
		parameters["requireMetadata"] = []any{map[string]any{"images": []string{"*"}, "metadata": r.Metadata}}
	}
	if len(r.Signer) > 0 {
		parameters["signers"] = []any{map[string]any{"images": []string{"*"}, "attributes": r.Signer}}
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"parameters": parameters},
	})
	return string(text), err
}
