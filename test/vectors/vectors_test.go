package vectors_test

import (
	"flag"
	"runtime/debug"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// binaries are the commands that are driven here.
var binaries rig.Binaries

func TestMain(m *testing.M) {
	// Cases wait: for their server to be configured, for registries that hang.
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	// Engines of Gatekeeper hold much that lasts, which the collector would scan again and again.
	debug.SetGCPercent(400)
	binaries.Main(m)
}

// load reads every case.
func load(t *testing.T) []*vectors.Vector {
	t.Helper()
	all, err := vectors.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryVectorHoldsOnEveryRung(t *testing.T) {
	if _, err := binaries.Command("notation-provider"); err != nil {
		t.Fatal(err)
	}
	env := rig.ForTest(t).Env
	wire, admission := &servers{env: env}, &servers{env: env, engines: true}
	t.Cleanup(func() { wire.end(t); admission.end(t) })
	whole := t
	for _, v := range load(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			scene, err := vectors.Set(t.Context(), newWorld(t, whole), v)
			if err != nil {
				t.Fatal(err)
			}
			questions, err := scene.Questions()
			if err != nil {
				t.Fatal(err)
			}
			askAll(t, "verifier", scene, questions, onVerifier)
			askAll(t, "wire", scene, questions, wire.onWire)
			askAll(t, "admission", scene, questions, admission.atAdmission)
		})
	}
}

// newWorld makes the environment of a case. It lasts as long as the whole test. A registry that came to the port of one that
// has ended would find a server that remembers the images of that.
func newWorld(t, whole *testing.T) *rig.Env {
	t.Helper()
	world, err := rig.New(t.Context(), whole.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	whole.Cleanup(func() { _ = world.Close() }) // as rig.ForTest does
	return world
}

// rung is one of the three ways to ask.
type rung interface {
	// ask asks while the faults last, and checks the answer.
	ask(t *testing.T, q vectors.Question)
	// mended asks when they are taken back.
	mended(t *testing.T, q vectors.Question)
}

// opener gets a rung ready for a case.
type opener func(*testing.T, *vectors.Scene, []vectors.Question) rung

// askAll asks the questions on one rung.
func askAll(t *testing.T, name string, s *vectors.Scene, questions []vectors.Question, open opener) {
	t.Run(name, func(t *testing.T) {
		on := open(t, s, questions)
		restore, err := s.Break()
		if err != nil {
			t.Fatal(err)
		}
		defer restore()
		for _, q := range questions {
			on.ask(t, q)
		}
		restore()
		for _, q := range questions {
			if q.Mended != (vectors.Outcome{}) {
				on.mended(t, q)
			}
		}
	})
}

func TestEveryReasonAndCauseThatCanBeReachedHasAVector(t *testing.T) {
	expected := map[vectors.Outcome]bool{}
	for _, v := range load(t) {
		for _, ask := range v.Asks {
			expected[ask.Expect] = true
		}
	}
	for _, reason := range provider.Reasons() {
		if !expected[vectors.Outcome{Reason: reason}] {
			t.Errorf("no vector expects the reason %q", reason)
		}
	}
	unreachable := map[provider.Cause]string{
		provider.CauseOverload: "takes a thousand images that wait at once; the limiter's own test makes it small",
		provider.CauseInternal: "is a defect of ours: a client that reaches it from outside has found one",
	}
	for _, cause := range provider.Causes() {
		covered := expected[vectors.Outcome{Cause: cause}]
		if why, excepted := unreachable[cause]; covered == excepted {
			t.Errorf("undecided %s: covered %t, excepted since it %q", cause, covered, why)
		}
	}
}
