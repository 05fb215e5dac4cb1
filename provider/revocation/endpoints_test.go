package revocation_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// observed is a world whose checker logs, and counts outcomes.
type observed struct {
	*world
	log    bytes.Buffer
	counts map[string]int
}

func observe(t *testing.T, lists, responders []string) *observed {
	t.Helper()
	o := &observed{world: newWorld(t, lists, responders), counts: map[string]int{}}
	o.checker = expect.Must(revocation.New(revocation.Options{
		Transport: o.network, MaxAge: time.Hour,
		Log:     slog.New(slog.NewTextHandler(&o.log, nil)),
		Observe: func(kind, outcome string) { o.counts[kind+" "+outcome]++ },
	}))(t)
	return o
}

// lines counts the lines of the log that hold the text.
func (o *observed) lines(text string) int { return strings.Count(o.log.String(), text) }

func (o *observed) only(t *testing.T) revocation.Endpoint {
	t.Helper()
	all := o.checker.Endpoints()
	if len(all) != 1 {
		t.Fatalf("%d endpoints: %v", len(all), all)
	}
	return all[0]
}

// A list that cannot be fetched any more is logged once and noted until when the last one holds, long before verdicts lapse.
func TestAFailingListIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, []string{listURL}, nil)
		o.at(listURL, fixed(o.list(list{next: 24 * time.Hour})))
		o.want(t, "good")
		began := o.only(t)
		if began.Kind != revocation.CRL || began.URL != listURL || began.Note() != "" || time.Until(began.NextUpdate).Round(time.Hour) != 24*time.Hour {
			t.Errorf("at first: %+v", began)
		}

		o.at(listURL, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		for range 3 {
			time.Sleep(time.Hour)
			o.want(t, "good")
		}
		failing := o.only(t)
		if since := time.Since(failing.FailingSince); since != 2*time.Hour || !failing.NextUpdate.Equal(began.NextUpdate) {
			t.Errorf("failing for %s: %+v", since, failing)
		}
		if note := failing.Note(); !strings.Contains(note, listURL) || !strings.Contains(note, "answered 502") || !strings.Contains(note, began.NextUpdate.UTC().Format(time.RFC3339)) {
			t.Errorf("noted: %s", note)
		}
		if o.lines("revocation endpoint failing") != 1 || o.lines("works again") != 0 || o.counts["crl failed"] != 3 || o.counts["crl ok"] != 1 {
			t.Errorf("%v; %s", o.counts, &o.log)
		}

		o.at(listURL, fixed(o.list(list{number: 2, next: 24 * time.Hour})))
		time.Sleep(time.Hour)
		o.want(t, "good")
		if again := o.only(t); again.Note() != "" || !again.ThisUpdate.After(began.ThisUpdate) || began.ThisUpdate.IsZero() || o.lines("revocation endpoint works again") != 1 || o.counts["crl ok"] != 2 {
			t.Errorf("%+v; %v; %s", again, o.counts, &o.log)
		}
	})
}

// An endpoint that shows an old list or answer fails as much as one that is down.
func TestAnOldAnswerIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, []string{listURL}, nil)
		old := o.list(list{number: 1, this: -time.Hour, next: 24 * time.Hour})
		o.at(listURL, fixed(o.list(list{number: 2, next: 24 * time.Hour})))
		o.want(t, "good")
		o.at(listURL, fixed(old))
		time.Sleep(time.Hour)
		o.want(t, "good")
		if note := o.only(t).Note(); !strings.Contains(note, "older") {
			t.Errorf("noted: %q", note)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, nil, []string{responderURL})
		old := o.answer(answer{status: ocsp.Good, this: -2 * time.Minute})
		o.at(responderURL, fixed(o.answer(answer{status: ocsp.Good})))
		o.want(t, "good")
		o.at(responderURL, fixed(old))
		time.Sleep(time.Hour)
		o.want(t, "good")
		if note := o.only(t).Note(); !strings.Contains(note, "ocsp endpoint") || !strings.Contains(note, "older") {
			t.Errorf("noted: %q", note)
		}
	})
}
