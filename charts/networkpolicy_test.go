package charts

import (
	"fmt"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// peer is one end of a flow: a pod, or with no namespace a host outside the cluster. Of a namespace the policies see the label
// that the API server gives to each.
type peer struct {
	namespace string
	labels    map[string]string
}

// network evaluates policies as the API's documentation says. A pod that a policy selects for a direction is closed in that
// direction but for what any such policy lets through. Other pods are open. The libraries that do this need a version of a
// module that Gatekeeper's engine has outgrown, or are not to be had.
type network struct {
	t        *testing.T
	policies []*networkingv1.NetworkPolicy
}

// allows tells whether a connection may be made: the sender's policies and the receiver's must both let it through. A port is
// "443/TCP".
func (n network) allows(from, to peer, port string) bool {
	n.t.Helper()
	out := n.open(from, networkingv1.PolicyTypeEgress, func(spec networkingv1.NetworkPolicySpec) bool {
		return slices.ContainsFunc(spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
			return n.ports(rule.Ports, port) && n.peers(rule.To, to)
		})
	})
	return out && n.open(to, networkingv1.PolicyTypeIngress, func(spec networkingv1.NetworkPolicySpec) bool {
		return slices.ContainsFunc(spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
			return n.ports(rule.Ports, port) && n.peers(rule.From, from)
		})
	})
}

// open tells whether a pod is open in a direction: no policy selects it, or one of those that do lets the flow through.
func (n network) open(pod peer, direction networkingv1.PolicyType, lets func(networkingv1.NetworkPolicySpec) bool) bool {
	n.t.Helper()
	open := true
	for _, policy := range n.policies {
		if policy.Namespace != pod.namespace || !slices.Contains(policy.Spec.PolicyTypes, direction) || !n.selects(&policy.Spec.PodSelector, pod.labels) {
			continue
		}
		if lets(policy.Spec) {
			return true
		}
		open = false
	}
	return open
}

// ports: none named are all.
func (n network) ports(named []networkingv1.NetworkPolicyPort, port string) bool {
	n.t.Helper()
	return len(named) == 0 || slices.ContainsFunc(named, func(p networkingv1.NetworkPolicyPort) bool {
		if p.Protocol == nil || p.Port == nil || p.EndPort != nil || p.Port.StrVal != "" {
			n.t.Fatalf("a port without protocol or number is not evaluated here: %+v", p)
		}
		return fmt.Sprintf("%d/%s", p.Port.IntVal, *p.Protocol) == port
	})
}

// peers: none named are all, and within one that is named both selectors must hold. One of pods alone means the release's own
// namespace, where all policies are.
func (n network) peers(named []networkingv1.NetworkPolicyPeer, other peer) bool {
	n.t.Helper()
	return len(named) == 0 || slices.ContainsFunc(named, func(p networkingv1.NetworkPolicyPeer) bool {
		if p.IPBlock != nil {
			n.t.Fatalf("an address is not evaluated here: %+v", p)
		}
		place := other.namespace == release
		if p.NamespaceSelector != nil {
			place = other.namespace != "" && n.selects(p.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": other.namespace})
		}
		return place && (p.PodSelector == nil || n.selects(p.PodSelector, other.labels))
	})
}

func (n network) selects(selector *metav1.LabelSelector, of map[string]string) bool {
	n.t.Helper()
	return rig.Must(metav1.LabelSelectorAsSelector(selector))(n.t).Matches(labels.Set(of))
}
