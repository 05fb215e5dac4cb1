package provider

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Bounds of the conditions of one question. They come from a constraint, so few and short ones are enough.
const (
	maxConditionsBytes = 2 << 10
	maxConditions      = 16
)

// Where a [Condition] looks.
const (
	OfMetadata = "metadata"
	OfSigner   = "signer"
)

// Condition is what a question wants of the signature that verifies an image, beside the trust policy.
type Condition struct {
	// Of is OfMetadata (what was signed with the image, as by "notation sign --user-metadata") or OfSigner (the subject of
	// the signing certificate).
	Of string
	// Name is the key of the metadata, or the attribute of the subject: one of [IdentityAttributes].
	Name string
	// Value is the whole value, or its beginning and a "*": "SEC-*". "*" alone is any value.
	Value string
}

// IdentityAttributes are the attributes of a subject that are told of a signer, by their names in RFC 4514.
func IdentityAttributes() []string {
	return []string{"CN", "SERIALNUMBER", "C", "L", "ST", "STREET", "O", "OU", "POSTALCODE"}
}

// String is the condition as people write it, such as "vetted=SEC-*".
func (c Condition) String() string { return c.Name + "=" + c.Value }

// Fits tells whether a value is what the condition wants.
func (c Condition) Fits(value string) bool {
	if beginning, open := strings.CutSuffix(c.Value, "*"); open {
		return strings.HasPrefix(value, beginning)
	}
	return value == c.Value
}

// Unmet returns those of the conditions that a signature does not meet: all must hold of one signature. Of an attribute
// that a subject has several times, one value is enough.
func Unmet(conditions []Condition, metadata map[string]string, identity map[string][]string) []Condition {
	return slices.DeleteFunc(slices.Clone(conditions), func(c Condition) bool {
		if c.Of == OfSigner {
			return slices.ContainsFunc(identity[c.Name], c.Fits)
		}
		value, there := metadata[c.Name]
		return there && c.Fits(value)
	})
}

// Lack is what a signature that the trust policy takes does not have of what a question wants.
type Lack struct {
	// Wants is the beginning of a detail: what is missing.
	Wants string
	// Has is what is there instead; "" for nothing.
	Has string
}

// maxHas bounds how many signatures' values a detail shows.
const maxHas = 4

// Lacking says which conditions a signature does not meet. Metadata goes first: a developer can do something about it.
func Lacking(missing []Condition, metadata map[string]string, identity map[string][]string) Lack {
	there := identity
	begins, of := DetailOtherSigner, OfSigner
	if slices.ContainsFunc(missing, func(c Condition) bool { return c.Of == OfMetadata }) {
		begins, of, there = DetailNoMetadata, OfMetadata, map[string][]string{}
		for key, value := range metadata {
			there[key] = []string{value}
		}
	}
	var wanted, has []string
	for _, c := range missing {
		if c.Of != of {
			continue
		}
		wanted = append(wanted, c.String())
		for _, value := range there[c.Name] {
			has = append(has, c.Name+"="+value)
		}
	}
	return Lack{begins + strings.Join(wanted, ", "), strings.Join(slices.Compact(has), ", ")}
}

// DetailOf is the detail of an image whose signatures all lack something, at least one: it begins with what the first one
// lacks, and then says what they have instead.
func DetailOf(lacks []Lack) string {
	var has []string
	for _, lack := range lacks {
		if lack.Has != "" && !slices.Contains(has, lack.Has) {
			has = append(has, lack.Has)
		}
	}
	detail, have := lacks[0].Wants, "; it has "
	if len(lacks) > 1 {
		detail, have = fmt.Sprintf("%s; none of its %d good signatures has all that is asked for", detail, len(lacks)), "; they have "
	}
	if len(has) == 0 {
		return detail
	}
	detail += have + strings.Join(has[:min(maxHas, len(has))], ", ")
	if more := len(has) - maxHas; more > 0 {
		detail += fmt.Sprintf(" and %d more", more)
	}
	return detail
}

// ParseQuestion reads a key: an image reference, alone or with a "?" and conditions behind it. They are written as the query
// of a URL: "metadata.KEY=VALUE" and "signer.ATTRIBUTE=VALUE", each any number of times, and all must hold. No image
// reference has a "?" in it. Its errors are one line, and never repeat the key.
func ParseQuestion(key string) (Image, error) {
	written, query, asked := strings.Cut(key, "?")
	image, err := ParseImage(written)
	if err != nil || !asked {
		return image, err
	}
	conditions, err := ParseConditions(query)
	if err != nil {
		return Image{}, err
	}
	image.Conditions = encodeConditions(conditions)
	return image, nil
}

// Question is the key that asks about a reference, and wants all of some conditions of its signature. It is what policies
// write, and what [ParseQuestion] reads.
func Question(reference string, conditions []Condition) string {
	if len(conditions) == 0 {
		return reference
	}
	return reference + "?" + encodeConditions(distinctConditions(conditions))
}

// ParseConditions reads conditions, in order and each once. None at all, one that is not known and one without a value are
// errors: the signature would be asked for less than was meant.
func ParseConditions(query string) ([]Condition, error) {
	if len(query) > maxConditionsBytes {
		return nil, fmt.Errorf(DetailConditions+"are longer than %d bytes", maxConditionsBytes)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New(DetailConditions + "are not the query of a URL")
	}
	var all []Condition
	for name, wanted := range values {
		of, name, _ := strings.Cut(name, ".")
		for _, value := range wanted {
			all = append(all, Condition{of, name, value})
		}
	}
	all = distinctConditions(all)
	if len(all) == 0 || len(all) > maxConditions {
		return nil, fmt.Errorf(DetailConditions+"are %d in number; from 1 to %d are taken", len(all), maxConditions)
	}
	for _, c := range all {
		if c.Name == "" || c.Value == "" || c.Of != OfMetadata && (c.Of != OfSigner || !slices.Contains(IdentityAttributes(), c.Name)) {
			return nil, errors.New(DetailConditions + "have one that is neither metadata.KEY=VALUE nor signer.ATTRIBUTE=VALUE; the attributes are " + strings.Join(IdentityAttributes(), ", "))
		}
	}
	return all, nil
}

// distinctConditions are conditions in order, each once.
func distinctConditions(all []Condition) []Condition {
	return slices.Compact(slices.SortedFunc(slices.Values(all), compareConditions))
}

func compareConditions(a, b Condition) int {
	return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}

// encodeConditions is the one spelling of conditions: verdicts are remembered under it.
func encodeConditions(all []Condition) string {
	values := url.Values{}
	for _, c := range all {
		values.Add(c.Of+"."+c.Name, c.Value)
	}
	return values.Encode()
}
