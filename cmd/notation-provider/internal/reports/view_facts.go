package reports

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxUsesShown is how many objects the page names for one image. The JSON has all.
const maxUsesShown = 40

// explain says in a few sentences why the image is trusted, or is not.
func (i Image) explain() string {
	switch i.Outcome {
	case Verified:
		text := fmt.Sprintf("Trusted by policy %s: %s signed this digest", printable.Quote(i.Policy), printable.Text(CommonName(i.Signer)))
		if i.SignedAt != nil {
			text += " on " + date(i.SignedAt)
		}
		if i.Lapse == nil {
			return text + ". The end of a certificate does not end this: a timestamp shows that the signature is older."
		}
		return text + fmt.Sprintf(". That holds until %s, when %s ends.", i.Lapse.At.UTC().Format(time.DateOnly), ends(i.Lapse.By))
	case Undecided:
		return sentence(fmt.Sprintf("It is not known whether it is trusted (%s). %s", i.Cause, upper(i.Detail)))
	}
	return sentence(fmt.Sprintf("Not trusted (%s). %s", i.Reason, upper(i.Detail)))
}

// todo is what people can do; "" where there is nothing to do.
func (i Image) todo() string {
	var parts []string
	if i.You != "" {
		parts = append(parts, "Developer: "+i.You+".")
	}
	if i.PlatformTeam != "" {
		parts = append(parts, "Platform team: "+i.PlatformTeam+".")
	}
	return printable.Text(strings.Join(parts, " "))
}

// facts are the details, those that are there.
func (i Image) facts() []fact {
	var all []fact
	add := func(name string, values ...string) {
		var there []string
		for _, value := range values {
			if value != "" {
				there = append(there, printable.Text(value))
			}
		}
		if len(there) > 0 {
			all = append(all, fact{name, there})
		}
	}
	add("Digest", i.Digest)
	if i.Running != i.Digest {
		add("Runs", i.Running)
	}
	if i.Tag != nil && i.Tag.Digest != i.Running {
		add("Tag now", strings.TrimSpace(i.Tag.Digest+" "+i.Tag.Outcome))
	}
	add("Policy", i.Policy)
	add("Constraint", i.Constraint)
	add("Question", i.Question)
	add("Signer", i.Signer)
	add("Ends", i.endings()...)
	add("Warnings", i.Warnings...)
	add("Exceptions", i.covers()...)
	add("Used by", i.users()...)
	return all
}

// endings are all that bounds the verdict.
func (i Image) endings() []string {
	var all []string
	for _, lapse := range i.Lapses {
		text := lapse.At.UTC().Format("2006-01-02 15:04") + ": " + ends(lapse.By)
		if lapse.Subject != "" {
			text += ", " + lapse.Subject
		}
		if lapse.By.Renewed() {
			text += " (the CA renews it)"
		}
		all = append(all, text)
	}
	return all
}

// covers are the exceptions.
func (i Image) covers() []string {
	var all []string
	for _, e := range i.Exceptions {
		all = append(all, fmt.Sprintf("%s until %s in %s: %s (%s)", e.Pattern, e.Expires, strings.Join(e.Namespaces, ", "), e.Reason, e.From))
	}
	return all
}

// users are the objects, as many as are worth reading.
func (i Image) users() []string {
	var all []string
	for n, use := range i.Uses {
		if n == maxUsesShown {
			return append(all, fmt.Sprintf("and %d more", len(i.Uses)-n))
		}
		name := use.Name
		if use.Namespace != "" {
			name = use.Namespace + "/" + use.Name
		}
		all = append(all, fmt.Sprintf("%s %s (%s)", use.Kind, name, strings.Join(use.Containers, ", ")))
	}
	return all
}

// upper begins a sentence.
func upper(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:size]) + text[size:]
}

// sentence ends a text of others, and makes it printable.
func sentence(text string) string { return strings.TrimRight(printable.Text(text), ". ") + "." }
