package charts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// The peers of a flow: who is in the cluster, by name, and two who are not.
const (
	server, rotator, webhook, audit = "server", "rotator", "webhook", "audit"
	scraper, dns                    = "scraper", "dns"
	stranger                        = "stranger"  // a pod like any other
	neighbour                       = "neighbour" // one in the namespace of the release
	impostor                        = "impostor"  // one elsewhere, with the labels of Gatekeeper's pods
	guest                           = "guest"     // one in Gatekeeper's namespace
	registry, apiServer             = "registry", "apiServer"
)

// peers have the labels that the charts give their pods: ours and Gatekeeper's.
func peers(t *testing.T, o objects, gatekeeper string) map[string]peer {
	t.Helper()
	theirs := parse(t, gatekeepersRender(t, gatekeeper))
	labels := func(o objects, name string) map[string]string {
		return get[appsv1.Deployment](t, o, "Deployment", name).Spec.Template.Labels
	}
	all := map[string]peer{
		server:    {release, labels(o, release)},
		webhook:   {gatekeeper, labels(theirs, "gatekeeper-controller-manager")},
		audit:     {gatekeeper, labels(theirs, "gatekeeper-audit")},
		impostor:  {"default", labels(theirs, "gatekeeper-controller-manager")},
		guest:     {gatekeeper, map[string]string{"app": "any"}},
		scraper:   {"monitoring", map[string]string{"app.kubernetes.io/name": "prometheus"}},
		dns:       {"kube-system", map[string]string{"k8s-app": "kube-dns"}},
		stranger:  {"default", map[string]string{"app": "any"}},
		neighbour: {release, map[string]string{"app": "any"}},
		registry:  {},
		apiServer: {},
	}
	if slices.Contains(o.names(), "Deployment notation-provider-cert-rotator") {
		all[rotator] = peer{release, labels(o, "notation-provider-cert-rotator")}
	}
	return all
}

// flows are all that the rendered policies let through of what somebody might try, "FROM TO": "PORTS", where one end is a server
// or a rotator.
func flows(t *testing.T, o objects, all map[string]peer) map[string]string {
	t.Helper()
	n, open := network{t: t}, map[string]string{}
	for _, object := range o {
		if object.GetKind() == "NetworkPolicy" {
			n.policies = append(n.policies, get[networkingv1.NetworkPolicy](t, o, "NetworkPolicy", object.GetName()))
		}
	}
	for from, source := range all {
		for to, destination := range all {
			ours := from == server || to == server || from == rotator || to == rotator
			if from == to || !ours {
				continue
			}
			var ports []string
			for _, port := range []string{"53/TCP", "53/UDP", "80/TCP", "443/TCP", "5000/TCP", "6443/TCP", "8080/TCP", "8443/TCP"} {
				if n.allows(source, destination, port) {
					ports = append(ports, strings.TrimSuffix(port, "/TCP"))
				}
			}
			if len(ports) > 0 {
				open[from+" "+to] = strings.Join(ports, " ")
			}
		}
	}
	return open
}

// needed are the flows of the chart's own values. Out goes a server to any host, for the registries and revocation lists of
// images are anywhere, and the API server has no labels.
func needed(servers, rotators string) map[string]string {
	all := map[string]string{
		webhook + " " + server: "8443", audit + " " + server: "8443", rotator + " " + server: "8443",
		scraper + " " + server: "8080", scraper + " " + rotator: "8080",
	}
	for _, to := range []string{webhook, audit, scraper, dns, stranger, neighbour, impostor, guest, registry, apiServer} {
		all[server+" "+to], all[rotator+" "+to] = servers, rotators
	}
	return all
}

func without(all map[string]string, peer string) map[string]string {
	maps.DeleteFunc(all, func(flow, _ string) bool { return slices.Contains(strings.Fields(flow), peer) })
	return all
}

func TestTheNetworkIsClosedButForWhatIsNeeded(t *testing.T) {
	const servers, rotators = "53 53/UDP 80 443", "53 53/UDP 443 6443"
	noScraper := without(needed(servers, rotators), "")
	delete(noScraper, scraper+" "+server)
	delete(noScraper, scraper+" "+rotator)
	for _, c := range []struct {
		name       string
		args       []string
		gatekeeper string
		want       map[string]string
	}{
		{"as it is", nil, "gatekeeper-system", needed(servers, rotators)},
		{"another Gatekeeper", []string{"--set", "gatekeeper.namespace=gk"}, "gk", needed(servers, rotators)},
		{"a registry's port", []string{"--values", chart + "/examples/private-registry.yaml"}, "gatekeeper-system", needed("53 53/UDP 80 443 5000", rotators)},
		{"no rotator", []string{"--values", chart + "/examples/own-secret.yaml"}, "gatekeeper-system", without(needed(servers, rotators), rotator)},
		{"an API server's", []string{"--set", "networkPolicy.apiServerPorts={8443}"}, "gatekeeper-system", needed(servers, "53 53/UDP 8443")},
		{"no scraper", []string{"--set-json", "networkPolicy.scraper=[]"}, "gatekeeper-system", noScraper},
		{"nothing but 443 out", []string{"--set-json", "networkPolicy.extraEgress=[]"}, "gatekeeper-system", needed("53 53/UDP 443", rotators)},
	} {
		o := render(t, c.args...)
		got := flows(t, o, peers(t, o, c.gatekeeper))
		for flow := range maps.Keys(c.want) {
			if got[flow] != c.want[flow] {
				t.Errorf("%s: %s: open are %q, needed %q", c.name, flow, got[flow], c.want[flow])
			}
		}
		for flow, ports := range got {
			if c.want[flow] == "" {
				t.Errorf("%s: %s: open are %s, and none is needed", c.name, flow, ports)
			}
		}
	}
}

// The policies know the namespace of Gatekeeper that the values say, and no other.
func TestAnotherGatekeeperIsKeptOut(t *testing.T) {
	o := render(t)
	if open := flows(t, o, peers(t, o, "gk")); open[webhook+" "+server] != "" || open[audit+" "+server] != "" {
		t.Errorf("open are %v", open)
	}
}
