package advice

import (
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Undecided is the outcome of an image that is neither verified nor refused. With a slash and the cause behind it, it
// is one of those in [Table].
const Undecided = "undecided"

// Outcome is a reason, one of the provider's or of the policies', or "undecided", alone or with its cause.
type Outcome struct {
	// Name is such as "unsigned" or "undecided/registry".
	Name string
	// Cases are what it may come from. The last one fits every detail.
	Cases []Case
}

// Case is one origin of an outcome, and the words for it. In texts, {image} stands for the image as it was written,
// {host} and {repository} for parts of its name. {subject} is what a command needs to find it, with its digest
// where that is known. {request} is the ID of the request.
type Case struct {
	// Begins is what the detail begins with; "" fits every detail.
	Begins string
	// Means is for the tables of the READMEs.
	Means string
	// Is completes the sentence "image X is …".
	Is string
	// You is what a developer can do.
	You string
	// Platform is what only the platform team can do; "" if there is nothing.
	Platform string
}

// Of returns the words for a refusal or, if a cause is given, for what is undecided at it.
func Of(reason provider.Reason, cause provider.Cause, detail string) Case {
	name := string(reason)
	if cause != "" {
		name = Undecided + "/" + string(cause)
	}
	for _, outcome := range Table() {
		if outcome.Name == name {
			return outcome.of(detail)
		}
	}
	return Unknown()
}

func (o Outcome) of(detail string) Case {
	for _, c := range o.Cases {
		if strings.HasPrefix(detail, c.Begins) {
			return c
		}
	}
	return Unknown()
}

// Unknown returns the words for an outcome that the table does not have: that of another provider.
func Unknown() Case {
	return Case{Is: "was refused", You: "ask the platform team what this means"}
}

// Split divides the detail of what is undecided. The part behind its first semicolon is for the platform team, and goes
// before the Platform of the case.
func Split(detail string) (known, platform string) {
	known, platform, _ = strings.Cut(detail, "; ")
	return known, platform
}

// Values are what stands for the placeholders of a [Case].
type Values struct{ Image, Subject, Host, Repository, Request string }

// ValuesOf are the values for an image as it was written, and the digest that was judged, "" if none was.
func ValuesOf(written, digest string) Values {
	v := Values{Image: written, Subject: written}
	image, err := provider.ParseQuestion(written)
	if err != nil {
		return v
	}
	v.Image, _, _ = strings.Cut(written, "?")
	v.Subject = v.Image
	v.Host, v.Repository = image.Host, image.Repository
	if digest != "" {
		v.Subject = image.Repository + "@" + digest
	}
	return v
}

// Fill puts the values into a text.
func (v Values) Fill(text string) string {
	return strings.NewReplacer(
		"{image}", v.Image, "{subject}", v.Subject, "{host}", v.Host, "{repository}", v.Repository, "{request}", v.Request,
	).Replace(text)
}

// Table returns every outcome there is but "verified".
func Table() []Outcome {
	var all []Outcome
	all = append(all, refused()...)
	all = append(all, undecided()...)
	return append(all, ofPolicies()...)
}

// only is an outcome that comes from one thing.
func only(name string, c Case) Outcome { return Outcome{name, []Case{c}} }
