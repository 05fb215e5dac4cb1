//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// load asks the API server for a signed and an unsigned pod, time after time, as steady users would. Nothing may be wrong: an
// unsigned pod that is admitted. Nothing may be lost: a signed pod that is denied, or an unsigned one that is denied for
// another reason.
type load struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	admitted int
	denied   int
	wrong    []string
	lost     []answer
}

// answer is one that should have been another.
type answer struct {
	at   time.Time
	took time.Duration
	what string
}

// every is the time between two pods of one kind.
const every = 200 * time.Millisecond

// underLoad starts it. Gatekeeper remembers answers for a second here, so that it goes on asking the servers.
func (w *world) underLoad(t *testing.T) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	l.done.Go(func() { l.run(ctx, w.Client(), "signed:1", l.signed) })
	l.done.Go(func() { l.run(ctx, w.Client(), "unsigned:1", l.unsigned) })
	t.Cleanup(stop)
	return l
}

func (l *load) run(ctx context.Context, api client.Client, image string, note func(answer, error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		started := time.Now()
		err := api.Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "load-", Namespace: "default"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: registryHost + "/" + image}}},
		}, client.DryRunAll)
		if ctx.Err() != nil {
			return
		}
		took := time.Since(started).Round(time.Millisecond)
		note(answer{started, took, fmt.Sprintf("%s %s after %s: %v", started.Format(time.TimeOnly), image, took, err)}, err)
	}
}

func (l *load) signed(a answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.admitted++
	} else {
		l.lost = append(l.lost, a)
	}
}

func (l *load) unsigned(a answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.wrong = append(l.wrong, a.what)
	case strings.Contains(err.Error(), "(unsigned"):
		l.denied++
	default:
		l.lost = append(l.lost, a)
	}
}

// seen waits until so many signed pods were asked for.
func (l *load) seen(t *testing.T, number int) {
	t.Helper()
	eventually(t, time.Minute, func(context.Context) (bool, string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.admitted+len(l.lost) >= number, fmt.Sprintf("%d signed pods", l.admitted)
	})
}

// timeout is the Provider's (answerWithin, in whole seconds): what takes longer is denied.
const timeout = 2 * time.Second

// late forgives answers that took all the time there is, one in a hundred or one. A machine that is busy with other things
// has such, and all else that is lost is lost sooner.
func (l *load) late(t *testing.T) func(answer) bool {
	left := max(1, (l.admitted+l.denied)/100)
	return func(a answer) bool {
		if a.took < timeout || left == 0 {
			return false
		}
		left--
		t.Logf("late: %s", a.what)
		return true
	}
}

// end stops the load, and fails the test where an answer was wrong or lost. Lost answers for which forgive says true are
// counted and forgiven.
func (l *load) end(t *testing.T, forgive ...func(answer) bool) {
	t.Helper()
	l.stop()
	l.done.Wait()
	lost := slices.DeleteFunc(slices.Clone(l.lost), func(a answer) bool {
		return slices.ContainsFunc(forgive, func(f func(answer) bool) bool { return f(a) })
	})
	lost = slices.DeleteFunc(lost, l.late(t))
	t.Logf("%d signed pods were admitted, %d unsigned pods denied, %d answers lost for a reason that is not ours", l.admitted, l.denied, len(l.lost)-len(lost))
	for _, what := range l.wrong {
		t.Errorf("wrong: %s", what)
	}
	for _, a := range lost {
		t.Errorf("lost: %s", a.what)
	}
	if l.admitted == 0 || l.denied == 0 {
		t.Error("there was no load")
	}
}
