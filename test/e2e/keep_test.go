//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// Ten things to try, for make e2e KEEP=1.
const tries = `
The cluster is up. In another terminal:

  export KUBECONFIG=%s

   1. kubectl get pods -A
   2. kubectl run signed --image=registry.example/signed:1               # admitted (it does not run: nothing runs such images here)
   3. kubectl run unsigned --image=registry.example/unsigned:1           # denied, with the reason and what to do
   4. kubectl create deployment unsigned --image=registry.example/unsigned:1   # denied at the Deployment, not in an event
   5. kubectl run lost --image=registry.example/not-there:1              # denied: not found
   6. kubectl get signedimages -o yaml                                   # the constraint; its status has what the audit found
   7. kubectl patch signedimages images-are-signed-or-excepted --type merge -p '{"spec":{"enforcementAction":"warn"}}'   # and try 3 again: it warns.
      kubectl patch signedimages images-are-signed-or-excepted --type merge -p '{"spec":{"enforcementAction":"deny"}}'   # and back; until then helm upgrade stops
   8. kubectl logs -n notation-provider deployment/notation-provider     # a line for each image
   9. kubectl annotate secret notation-provider-tls -n notation-provider cert-rotator.notation-provider/rotate=ca        # another serving CA,
      kubectl get secret notation-provider-tls -n notation-provider -w   # step by step
  10. kubectl rollout restart deployment/notation-provider -n notation-provider

helm is %s. Everything ends with Ctrl-C.
`

// With KEEP=1 the cluster stays up, with all installed, until it is interrupted.
func TestKeep(t *testing.T) {
	if os.Getenv("KEEP") != "1" {
		return
	}
	w := start(t)
	w.install(t)
	fmt.Fprintf(os.Stderr, tries, w.OutsideKubeconfig(), w.helm())
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	<-interrupted
}
