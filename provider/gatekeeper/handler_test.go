package gatekeeper_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

func TestABadRequestIsAnsweredInTheProtocol(t *testing.T) {
	good := request(`"x"`)
	pad := func(n int) string { return good + strings.Repeat(" ", n-len(good)) }
	for _, tc := range []struct {
		name                      string
		method, path, media, body string
		status                    int
		says                      string
	}{
		{"other path", "POST", "/", "application/json", good, 404, "/validate"},
		{"path below", "POST", "/validate/", "application/json", good, 404, "/validate"},
		{"path's case", "POST", "/Validate", "application/json", good, 404, "/validate"},
		{"GET", "GET", "/validate", "application/json", good, 405, "POST"},
		{"HEAD", "HEAD", "/validate", "", "", 405, "POST"},
		{"PUT", "PUT", "/mutate", "application/json", good, 405, "POST"},
		{"no media type", "POST", "/validate", "", good, 415, "application/json"},
		{"form", "POST", "/validate", "application/x-www-form-urlencoded", good, 415, "application/json"},
		{"text", "POST", "/mutate", "text/plain; application/json", good, 415, "application/json"},
		{"JSON of a kind", "POST", "/validate", "application/json-patch+json", good, 415, "application/json"},
		{"bad media type", "POST", "/validate", "application/json; =", good, 415, "application/json"},
		{"no body", "POST", "/validate", "application/json", "", 400, "JSON"},
		{"null", "POST", "/validate", "application/json", "null", 400, "apiVersion"},
		{"list", "POST", "/validate", "application/json", "[" + good + "]", 400, "JSON"},
		{"half", "POST", "/validate", "application/json", good[:len(good)-1], 400, "JSON"},
		{"junk behind", "POST", "/validate", "application/json", good + "x", 400, "JSON"},
		{"two", "POST", "/validate", "application/json", good + good, 400, "JSON"},
		{"byte order mark", "POST", "/validate", "application/json", "\ufeff" + good, 400, "JSON"},
		{"UTF-16", "POST", "/validate", "application/json", "{\x00}\x00", 400, "JSON"},
		{"invalid UTF-8", "POST", "/validate", "application/json", request("\"x\xff\""), 400, "UTF-8"},
		{"invalid, mutate", "POST", "/mutate", "application/json", request("\"x\xff\""), 400, "UTF-8"},
		{"surrogate, UTF-8", "POST", "/validate", "application/json", request("\"\xed\xa0\x80\""), 400, "UTF-8"},
		{"raw control", "POST", "/validate", "application/json", request("\"x\n\""), 400, "JSON"},
		{"key is a number", "POST", "/validate", "application/json", request("7"), 400, "JSON"},
		{"key is an object", "POST", "/validate", "application/json", request(`{"key":"x"}`), 400, "JSON"},
		{"keys is a string", "POST", "/validate", "application/json", strings.Replace(good, `["x"]`, `"x"`, 1), 400, "JSON"},
		{"no apiVersion", "POST", "/validate", "application/json", `{"kind":"ProviderRequest","request":{"keys":["x"]}}`, 400, "apiVersion"},
		{"alpha", "POST", "/validate", "application/json", strings.Replace(good, "v1beta1", "v1alpha1", 1), 400, "apiVersion"},
		{"other kind", "POST", "/validate", "application/json", strings.Replace(good, "ProviderRequest", "ProviderResponse", 1), 400, "kind"},
		{"no kind", "POST", "/mutate", "application/json", strings.Replace(good, "ProviderRequest", "", 1), 400, "kind"},
		{"deep", "POST", "/validate", "application/json", strings.Repeat("[", 4000), 400, "JSON"},
		{"a byte too long", "POST", "/validate", "application/json", pad(maxBytes + 1), 413, "4096 bytes"},
		{"far too long", "POST", "/mutate", "application/json", pad(1 << 20), 413, "4096 bytes"},
		{"a key too many", "POST", "/validate", "application/json", request(`"a"`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`), 413, "6 keys; at most 5"},
		{"one key, repeated", "POST", "/mutate", "application/json", request(`"a"`, `"a"`, `"a"`, `"a"`, `"a"`, `"a"`), 413, "6 keys; at most 5"},
	} {
		d := newDoor()
		d.findings["x"] = verified()
		w := d.send(tc.method, tc.path, tc.media, tc.body)
		response := read(t, w)
		if w.Code != tc.status || !strings.Contains(response.Response.SystemError, tc.says) || len(response.Response.Items) > 0 {
			t.Errorf("%s: %d, %+v; want %d and a systemError that says %q", tc.name, w.Code, response.Response, tc.status, tc.says)
		}
		if (w.Header().Get("Allow") == "POST") != (tc.status == 405) {
			t.Errorf("%s: Allow is %q", tc.name, w.Header().Get("Allow"))
		}
		path := tc.path
		if tc.status == 404 {
			path = "other" // users choose paths, and metrics have no room for them
		}
		if want := path + " " + strconv.Itoa(tc.status); !slices.Equal(d.observed, []string{want}) {
			t.Errorf("%s: observed %q; want %q", tc.name, d.observed, want)
		}
		if len(d.asked) > 0 || len(d.found) > 0 {
			t.Errorf("%s: the provider was asked %q", tc.name, d.asked)
		}
	}
}

func TestABodyThatBreaksOffIsABadRequest(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/validate", io.MultiReader(strings.NewReader(request(`"x"`)), iotest.ErrReader(errors.New("reset by 10.0.0.1"))))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	newDoor().ServeHTTP(w, r)
	if response := read(t, w); w.Code != 400 || response.Response.SystemError != "request body ended early" {
		t.Errorf("%d, %+v", w.Code, response.Response)
	}
}

func TestTheLargestRequestIsAnswered(t *testing.T) {
	d := newDoor()
	d.findings["x"] = verified()
	body := request(`"x"`, `"x"`, `"x"`, `"x"`, `"x"`)
	w := d.send(http.MethodPost, "/validate", "application/json", body+strings.Repeat(" ", maxBytes-len(body)))
	if response := read(t, w); w.Code != 200 || len(response.Response.Items) != 5 {
		t.Errorf("%d, %+v", w.Code, response.Response)
	}
}

func TestNoKeysIsAnEmptyAnswer(t *testing.T) {
	const envelope = `{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderRequest"`
	for _, body := range []string{request(), envelope + `}`, envelope + `,"request":null}`, envelope + `,"request":{"keys":null}}`} {
		for _, path := range []string{"/validate", "/mutate"} {
			w := newDoor().send(http.MethodPost, path, "application/json", body)
			same(t, w, `{"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse", "response": {"idempotent": true}}`)
			if w.Code != 200 {
				t.Errorf("%s of %s: status %d", path, body, w.Code)
			}
		}
	}
}

func TestFieldsThatGatekeeperMayGrowAreIgnored(t *testing.T) {
	d := newDoor()
	d.findings["x"] = verified()
	body := strings.Replace(request(`"x"`), `"request":{`, `"metadata":{"a":[1]},"request":{"namespace":"n",`, 1)
	if response := read(t, d.send(http.MethodPost, "/validate", "application/json", body)); len(response.Response.Items) != 1 {
		t.Errorf("answer %+v", response.Response)
	}
}

func TestOverloadIsA503AndWhatIsKnownIsStillSaid(t *testing.T) {
	d := newDoor()
	d.findings["good"] = verified()
	d.findings["much"] = undecided(provider.CauseOverload, "too many checks are waiting; ask again")
	response, status := d.ask(t, "/validate", "good", "much")
	if status != http.StatusServiceUnavailable || len(response.Response.Items) != 1 || response.Response.Items[0].Key != "good" ||
		response.Response.SystemError != "undecided: much: overload: too many checks are waiting; ask again" {
		t.Errorf("%d, %+v", status, response.Response)
	}
}

func TestUndecidedIsA200AndItsKeyIsLeftOut(t *testing.T) {
	for _, cause := range provider.Causes() {
		if cause == provider.CauseOverload {
			continue
		}
		d := newDoor()
		d.findings["x"] = undecided(cause, "why")
		w := d.send(http.MethodPost, "/validate", "application/json", request(`"x"`))
		want := "undecided: x: " + string(cause) + ": why"
		if cause == provider.CauseInternal { // the log has the rest, under this ID
			want += "; request " + w.Header().Get("X-Request-Id")
		}
		if response := read(t, w).Response; w.Code != 200 || len(response.Items) != 0 || response.SystemError != want {
			t.Errorf("%s: %d, %+v; want %q", cause, w.Code, response, want)
		}
	}
}

func TestRefuseSpeaksTheProtocol(t *testing.T) {
	w := httptest.NewRecorder()
	gatekeeper.Refuse(w, http.StatusForbidden, "who are you")
	if response := read(t, w); w.Code != 403 || response.Response.SystemError != "who are you" || len(response.Response.Items) > 0 {
		t.Errorf("%d, %+v", w.Code, response.Response)
	}
}

func TestTheLogIsBoundedWhateverIsAsked(t *testing.T) {
	key := strings.Repeat("k", 3900)
	for _, path := range []string{"/validate", "/mutate"} {
		d := newDoor()
		d.ask(t, path, key)
		if d.log.Len() == 0 || d.log.Len() > 1500 {
			t.Errorf("%s: the log has %d bytes for a malformed key", path, d.log.Len())
		}
	}
}

func TestVerifiedImagesAreLoggedForDebuggingOnly(t *testing.T) {
	d := newDoor()
	d.findings["x"] = verified()
	d.ask(t, "/validate", "x")
	if log := d.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `"level":"DEBUG"`) {
		t.Errorf("log of a verified image:\n%s", log)
	}
}

func TestObserversMayBeMissing(t *testing.T) {
	d := newDoor()
	h := gatekeeper.New(gatekeeper.Options{Provider: d.answers, MaxBytes: maxBytes, MaxKeys: maxKeys, Log: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest(http.MethodPost, "/validate", strings.NewReader(request(`"x"`)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("status %d", w.Code)
	}
}

func FuzzNoRequestMakesAValueThatTheProviderDidNotGive(f *testing.F) {
	for _, body := range []string{
		request(`"good"`, `"bad"`, `"slow"`), request(`"good"`, `"good"`), request(`"g\u006fod"`), request(`null`, `"bad\u0000"`), request(`"\ud800"`, `"\ufffd"`),
		`{"request":{"keys":["good"]},"request":{"keys":[null]},"KIND":"ProviderRequest","apiversion":"externaldata.gatekeeper.sh/v1beta1"}`,
		request("\"good\xff\""), "", "null", `{"kind":"ProviderRequest"`, request() + request(), strings.Repeat(" ", maxBytes+1), strings.Repeat("[", 100),
		`{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderResponse","response":{"items":[{"key":"bad","value":true}]}}`,
	} {
		f.Add(body, true)
		f.Add(body, false)
	}
	f.Fuzz(func(t *testing.T, body string, validate bool) {
		d := newDoor()
		d.findings["good"] = verified()
		d.findings["bad"] = refused(provider.Unsigned, body)
		d.findings["slow"] = undecided(provider.CauseRegistry, body)
		d.pins["good"] = provider.Pinned{Image: "good@" + digest}
		d.pins["bad"] = provider.Pinned{Problem: "x" + body}
		path := "/mutate"
		if validate {
			path = "/validate"
		}
		w := d.send(http.MethodPost, path, "application/json", body)
		response := read(t, w)
		var asked []string
		for _, keys := range d.asked {
			asked = append(asked, keys...)
		}
		if status := w.Code; (len(d.asked) > 0) != (status == 200) || status != 200 && (response.Response.SystemError == "" || status < 400) {
			t.Errorf("status %d, systemError %q, after asking for %q", status, response.Response.SystemError, asked)
		}
		for _, item := range response.Response.Items {
			if (item.Value != nil) != (item.Key == "good") || (item.Error == "") != (item.Key == "good") {
				t.Errorf("item %+v", item)
			}
			if !slices.Contains(asked, item.Key) {
				t.Errorf("item for %q; asked were %q", item.Key, asked)
			}
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("answer %q", w.Body)
		}
	})
}

func TestBoundsCanChange(t *testing.T) {
	d := newDoor()
	body := request(`"x"`, `"y"`)
	status := func() int { return d.send(http.MethodPost, "/validate", "application/json", body).Code }
	for _, c := range []struct {
		bytes, keys, want int
	}{{len(body), 2, http.StatusOK}, {len(body) - 1, 2, http.StatusRequestEntityTooLarge}, {len(body), 1, http.StatusRequestEntityTooLarge}, {len(body), 2, http.StatusOK}} {
		d.Bound(int64(c.bytes), c.keys)
		if got := status(); got != c.want {
			t.Errorf("bounds of %d bytes and %d keys: status %d, want %d", c.bytes, c.keys, got, c.want)
		}
	}
}
