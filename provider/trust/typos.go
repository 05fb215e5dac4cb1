package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// The members of a trust policy (trust policy specification, "Trust Policy Properties"). Those
// of a statement's override are the checks.
var (
	documentMembers  = []string{"version", "trustPolicies"}
	statementMembers = []string{"name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"}
	levelMembers     = []string{"level", "override", "verifyTimestamp"}
)

// member is one of an object's, as it is written.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of a JSON object in their order, also those that encoding/json
// would take for another, or drop; none of what is no object.
func membersOf(object json.RawMessage) (all []member) {
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return all
		}
		m := member{name: fmt.Sprint(name)}
		if d.Decode(&m.value) != nil {
			return all
		}
		all = append(all, m)
	}
	return all
}

// find returns the value of a member.
func find(members []member, name string) json.RawMessage {
	i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return members[i].value
}

// unknownMembers are the members of an object that notation would pass over: a misspelt one would
// be a setting that is not in force.
func unknownMembers(members []member, known []string, where string) (problems []error) {
	seen := map[string]bool{}
	for _, m := range members {
		switch {
		case !slices.Contains(known, m.name):
			problems = append(problems, fmt.Errorf("unknown member %s%s; %s", printable.Quote(m.name), where, spelling.Advice(m.name, known)))
		case seen[m.name]:
			problems = append(problems, fmt.Errorf("member %q is there twice%s; keep one", m.name, where))
		}
		seen[m.name] = true
	}
	return problems
}

// typos are the unknown members of a whole document, each with its statement. The names are read here too: where a list is
// there twice, the statements that encoding/json keeps are others.
func typos(text []byte) (problems []error) {
	top := membersOf(text)
	problems = unknownMembers(top, documentMembers, " at the top")
	var list []json.RawMessage
	_ = json.Unmarshal(find(top, "trustPolicies"), &list) // the document was decoded: it is a list, or misspelt
	for _, statement := range list {
		members := membersOf(statement)
		levels := membersOf(find(members, "signatureVerification"))
		wrong := unknownMembers(members, statementMembers, "")
		wrong = append(wrong, unknownMembers(levels, levelMembers, " in signatureVerification")...)
		wrong = append(wrong, repeatedChecks(membersOf(find(levels, "override")))...)
		var name string
		_ = json.Unmarshal(find(members, "name"), &name) // it was decoded: it is text, or not there
		for _, err := range wrong {
			problems = append(problems, inStatement(name, err))
		}
	}
	return problems
}

// repeatedChecks are the checks that an override has twice: the last one would count. Unknown ones are told by wrongWords.
func repeatedChecks(override []member) []error {
	checks := texts(trustpolicy.ValidationTypes, func(t trustpolicy.ValidationType) string { return string(t) })
	known := slices.DeleteFunc(override, func(m member) bool { return !slices.Contains(checks, m.name) })
	return unknownMembers(known, checks, " in override")
}

func inStatement(name string, err error) error { return fmt.Errorf("statement %q: %w", name, err) }

// isStore tells whether notation knows the kind of a trust store, and takes its name.
func isStore(store string) bool {
	kind, name, found := strings.Cut(store, ":")
	return found && slices.Contains(truststore.Types, truststore.Type(kind)) && storeName.MatchString(name)
}

// storeName is what notation takes for the name of a store.
var storeName = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// wrongWords are the words of a statement that notation does not know. notation tells of the
// first one only, and of none what was meant.
func wrongWords(s trustpolicy.TrustPolicy) (problems []error) {
	v := s.SignatureVerification
	word := func(what, value string, known ...string) {
		if !slices.Contains(known, value) {
			problems = append(problems, fmt.Errorf("%s %s is not known; %s", what, printable.Quote(value), spelling.Advice(value, known)))
		}
	}
	if refused := []string{"", trustpolicy.LevelAudit.Name, trustpolicy.LevelSkip.Name}; !slices.Contains(refused, v.VerificationLevel) { // of these others tell
		word("level", v.VerificationLevel, trustpolicy.LevelStrict.Name, trustpolicy.LevelPermissive.Name)
	}
	if v.VerifyTimestamp != "" {
		word("verifyTimestamp", string(v.VerifyTimestamp), string(trustpolicy.OptionAlways), string(trustpolicy.OptionAfterCertExpiry))
	}
	for _, check := range slices.Sorted(maps.Keys(v.Override)) {
		word("override of", string(check), texts(trustpolicy.ValidationTypes, func(t trustpolicy.ValidationType) string { return string(t) })...)
		word("override "+string(check)+":", string(v.Override[check]), texts(trustpolicy.ValidationActions, func(a trustpolicy.ValidationAction) string { return string(a) })...)
	}
	for _, store := range s.TrustStores {
		kind, name, found := strings.Cut(store, ":")
		if !found {
			problems = append(problems, fmt.Errorf("trust store %s has no kind; write kind:name, like ca:%s", printable.Quote(store), store))
			continue
		}
		word("trust store "+printable.Text(store)+": its kind", kind, texts(truststore.Types, func(t truststore.Type) string { return string(t) })...)
		if !storeName.MatchString(name) {
			problems = append(problems, fmt.Errorf("trust store %s: its name may have letters, digits, and _ . - alone", printable.Quote(store)))
		}
	}
	for _, identity := range s.TrustedIdentities {
		if err := identityTypo(identity); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// identityTypo says what is wrong with the form of a trusted identity.
func identityTypo(identity string) error {
	kind, name, found := strings.Cut(identity, ":")
	quoted := printable.Quote(identity)
	switch {
	case identity == wildcard:
		return nil
	case !found && strings.Contains(identity, "="):
		return fmt.Errorf("trusted identity %s has no kind; write %s: and then the name", quoted, subjectPrefix)
	case !found:
		return fmt.Errorf("trusted identity %s is neither %q nor a name; write it like \"%s: C=GB, ST=England, O=Example\"", quoted, wildcard, subjectPrefix)
	case kind != subjectPrefix && spelling.Nearest(kind, []string{subjectPrefix}) != "":
		return fmt.Errorf("trusted identity %s is of an unknown kind; did you mean %q?", quoted, subjectPrefix)
	case kind == subjectPrefix && !strings.Contains(name, "="):
		return fmt.Errorf("trusted identity %s has no attribute with =; write it like \"%s: C=GB, ST=England, O=Example\"", quoted, subjectPrefix)
	}
	return nil
}

func texts[T any](all []T, text func(T) string) []string {
	list := make([]string, 0, len(all))
	for _, v := range all {
		list = append(list, text(v))
	}
	return list
}
