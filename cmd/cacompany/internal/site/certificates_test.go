package site_test

import (
	"crypto"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
)

// request draws a key and a certificate request in PEM.
func request(t *testing.T, algorithm certificate.Algorithm) (crypto.Signer, []byte) {
	t.Helper()
	key, err := authority.GenerateKey(algorithm)
	require.NoError(t, err)
	csr, err := authority.NewCSR(key, "whoever")
	require.NoError(t, err)
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})
}

// trust reads trust.json as the registration system does.
func (f *firm) trust() *certificate.Trust {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.directory, "trust.json"))
	require.NoError(f.t, err)
	trust, err := certificate.ParseTrust(text)
	require.NoError(f.t, err)
	return trust
}

// verified reads a certificate as it was called back and holds it against the
// trust list.
func (f *firm) verified(issued protocol.IssuedCertificate) (*certificate.Certificate, certificate.Verified) {
	f.t.Helper()
	leaf, intermediates, err := certificate.ParsePEM([]byte(issued.PEM))
	require.NoError(f.t, err)
	verify := f.trust().Verify
	if issued.Use == "encryption" {
		verify = f.trust().VerifyBinding
	}
	verified, err := verify(leaf, intermediates, time.Now())
	require.NoError(f.t, err)
	return leaf, verified
}

// statuses asks list and responder (by POST and by GET) about a certificate.
func (f *firm) statuses(verified certificate.Verified) []certificate.Status {
	f.t.Helper()
	var all []certificate.Status
	status, list := f.ask(http.MethodGet, strings.TrimPrefix(verified.Issuer.CRL, f.url), "", nil)
	require.Equal(f.t, http.StatusOK, status)
	fromList, err := verified.StatusFromCRL(list, time.Now(), time.Hour)
	require.NoError(f.t, err)
	all = append(all, fromList.Status)
	asked, err := verified.OCSPRequest()
	require.NoError(f.t, err)
	path := strings.TrimPrefix(verified.Issuer.OCSP, f.url)
	for _, c := range []struct {
		method, path string
		body         []byte
	}{
		{http.MethodPost, path, asked},
		{http.MethodGet, path + "/" + url.PathEscape(base64.StdEncoding.EncodeToString(asked)), nil},
		{http.MethodGet, path + "/" + base64.StdEncoding.EncodeToString(asked), nil},
	} {
		status, answer := f.ask(c.method, c.path, "", c.body)
		require.Equal(f.t, http.StatusOK, status)
		said, err := verified.StatusFromOCSP(answer, time.Now())
		require.NoError(f.t, err)
		all = append(all, said.Status)
	}
	return all
}

// about lists the certificate events that were called back.
func (f *firm) about(serial string) (events []protocol.Event) {
	for _, one := range f.portal.got() {
		if one.event.Certificate != nil && one.event.Certificate.Serial == serial {
			events = append(events, one.event)
		}
	}
	return events
}

func four(s certificate.Status) []certificate.Status { return []certificate.Status{s, s, s, s} }

func TestN08IssuedCertificatesAreTrustedAndTheirStatusIsKnownAtOnce(t *testing.T) {
	for i, c := range []struct {
		algorithm string
		kind      protocol.Kind
		uses      []string
	}{
		{"RSA", protocol.Organization, []string{"signing"}},
		{"SM2", protocol.Organization, []string{"signing", "encryption"}},
		{"SM2", protocol.Representative, []string{"signing", "encryption"}},
		{"RSA", protocol.Agent, []string{"signing"}},
		{"SM2", protocol.Person, []string{"signing", "encryption"}},
	} {
		t.Run(c.algorithm+" "+string(c.kind), func(t *testing.T) {
			f := newFirm(t)
			a := application(code(i), func(a *protocol.Application) {
				a.Kind = c.kind
				if c.kind == protocol.Person {
					a.Subject = protocol.Subject{Type: "person", Name: "王示范", Code: "430104190001010001"}
				}
			})
			outcome := f.issue(a, order{"algorithm": c.algorithm})
			require.Len(t, outcome.Certificates, len(c.uses))
			var all []certificate.Verified
			for i, use := range c.uses {
				require.Equal(t, use, outcome.Certificates[i].Use)
				leaf, verified := f.verified(outcome.Certificates[i])
				require.Equal(t, a.Subject.Code, verified.Code)
				require.Equal(t, certificate.Algorithm(c.algorithm), leaf.Algorithm())
				require.WithinDuration(t, time.Now().AddDate(2, 0, 0), leaf.NotAfter(), time.Minute)
				require.Equal(t, four(certificate.Good), f.statuses(verified))
				all = append(all, verified)
			}
			for _, step := range []struct {
				action string
				want   certificate.Status
				event  protocol.EventType
			}{
				{"hold", certificate.Suspended, protocol.Suspended},
				{"resume", certificate.Good, protocol.Resumed},
				{"hold", certificate.Suspended, protocol.Suspended},
				{"revoke", certificate.Revoked, protocol.Revoked},
			} {
				f.operate(http.StatusOK, "certificates/"+outcome.Serials[0]+"/"+step.action, order{"reason": "keyCompromise"})
				for _, verified := range all {
					require.Equal(t, four(step.want), f.statuses(verified), "a pair shares its fate")
				}
				f.settle()
				for _, serial := range outcome.Serials {
					events := f.about(serial)
					last := events[len(events)-1]
					require.Equal(t, step.event, last.Type)
					require.Empty(t, last.Reference)
					require.Equal(t, f.certificate(serial).Issuer, last.Certificate.Issuer)
				}
			}
			f.operate(http.StatusConflict, "certificates/"+outcome.Serials[0]+"/revoke", order{"reason": "superseded"})
		})
	}
}

func TestC4ListsDownAndStale(t *testing.T) {
	f := newFirm(t)
	_, verified := f.verified(f.issue(application(), order{"algorithm": "RSA"}).Certificates[0])
	require.NoError(t, f.board.Set(faults.Switches{Lists: faults.ListsDown}))
	status, _ := f.ask(http.MethodGet, "/crl/rsa.crl", "", nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = f.ask(http.MethodPost, "/ocsp/rsa", "", nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NoError(t, f.board.Set(faults.Switches{Lists: faults.ListsStale}))
	_, list := f.ask(http.MethodGet, "/crl/rsa.crl", "", nil)
	stale, err := verified.StatusFromCRL(list, time.Now(), 5*time.Minute)
	require.Equal(t, certificate.Unknown, stale.Status, "%v", err)
	require.NoError(t, f.board.Set(faults.Switches{}))
	for _, path := range []string{"/crl/ecdsa.crl", "/crl/rsa", "/ocsp/none"} {
		status, _ = f.ask(http.MethodGet, path, "", nil)
		require.Equal(t, http.StatusNotFound, status, path)
	}
}

func TestB20RenewReissueChangeRevoke(t *testing.T) {
	for business, want := range map[protocol.Business]struct {
		reason string
		fresh  int
	}{
		protocol.Renew: {"superseded", 2}, protocol.Reissue: {"keyCompromise", 2}, protocol.Change: {"affiliationChanged", 2},
		protocol.Revoke: {"cessationOfOperation", 0},
	} {
		t.Run(string(business), func(t *testing.T) {
			f := newFirm(t)
			old := f.issue(application(), order{"algorithm": "SM2"})
			_, verified := f.verified(old.Certificates[0])
			next := application(func(a *protocol.Application) {
				a.Business, a.Certificate = business, f.certificate(old.Serials[0]).Ref()
			})
			outcome := f.issue(next, order{"algorithm": "SM2"})
			require.Len(t, outcome.Certificates, want.fresh)
			for _, serial := range old.Serials {
				ended := f.certificate(serial)
				require.Equal(t, ledger.Revoked, ended.State)
				require.Equal(t, want.reason, ended.Reason)
			}
			require.Equal(t, four(certificate.Revoked), f.statuses(verified))
			for _, c := range outcome.Certificates {
				_, fresh := f.verified(c)
				require.Equal(t, four(certificate.Good), f.statuses(fresh))
			}
			f.settle()
			events := f.state(next.Reference).Events
			require.Equal(t, protocol.Issued, events[len(events)-1].Type)
			for _, serial := range old.Serials {
				events := f.about(serial)
				require.Len(t, events, 1)
				require.Equal(t, protocol.Revoked, events[0].Type)
			}
		})
	}
}

func TestOnlyLegalEdges(t *testing.T) {
	f := newFirm(t)
	actions := map[string]ledger.Status{
		"accept": ledger.Accepted, "supplement": ledger.Supplement, "payment": ledger.Payment, "producing": ledger.Producing,
		"reject": ledger.Rejected, "issue": ledger.Issued,
	}
	n := 0
	for at, path := range map[ledger.Status][]string{
		ledger.Received: {}, ledger.Accepted: {"accept"}, ledger.Supplement: {"accept", "supplement"}, ledger.Payment: {"accept", "payment"},
		ledger.Producing: {"accept", "producing"}, ledger.Rejected: {"reject"},
	} {
		for action, to := range actions {
			if at.May(to) {
				continue
			}
			n++
			a := application(code(n))
			f.apply(a)
			f.decide(a.Reference, path...)
			f.operate(http.StatusConflict, "applications/"+a.Reference+"/"+action, order{"reason": "x", "algorithm": "RSA"})
			require.Len(t, f.state(a.Reference).Events, len(path))
		}
	}
	f.operate(http.StatusNotFound, "applications/"+application().Reference+"/accept", nil)
	f.operate(http.StatusNotFound, "applications/"+application().Reference+"/dance", nil)
}

// openssl runs the program and returns what it said.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	said, err := exec.Command("openssl", args...).CombinedOutput() //nolint:noctx // ends by itself
	require.NoError(t, err, "openssl %s: %s", strings.Join(args, " "), said)
	return string(said)
}

func TestN08OpenSSLAgreesWithWhatIsIssuedOnARequest(t *testing.T) {
	for _, c := range []struct {
		name, authority string
		key             []string
		verify          []string
	}{
		{"RSA", "rsa", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, nil},
		{"ECDSA", "rsa", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}, nil},
		{"SM2", "sm2", nil, []string{"-vfyopt", "distid:1234567812345678"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFirm(t)
			directory := t.TempDir()
			in := func(name string) string { return filepath.Join(directory, name) }
			if c.key != nil {
				openssl(t, append([]string{"genpkey", "-out", in("key.pem")}, c.key...)...)
				openssl(t, "req", "-new", "-key", in("key.pem"), "-subj", "/CN=whoever", "-out", in("csr.pem"))
			} else {
				_, csr := request(t, certificate.SM2)
				require.NoError(t, os.WriteFile(in("csr.pem"), csr, 0o600))
			}
			csr, err := os.ReadFile(in("csr.pem"))
			require.NoError(t, err)
			a := application()
			outcome := f.issue(a, order{"csr": string(csr)})
			require.Empty(t, outcome.Token)
			require.Len(t, outcome.Certificates, 1)
			leaf, verified := f.verified(outcome.Certificates[0])
			require.Equal(t, certificate.Algorithm(c.name), leaf.Algorithm())
			require.Equal(t, a.Subject.Name, leaf.CommonName(), "the request's own name does not count")

			chain := verified.Chain
			write := func(name string, ders ...[]byte) {
				var text []byte
				for _, der := range ders {
					text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
				}
				require.NoError(t, os.WriteFile(in(name), text, 0o600))
			}
			write("leaf.pem", chain[0])
			write("issuer.pem", chain[1])
			write("root.pem", chain[2])
			write("chain.pem", chain[1], chain[2])
			// Link by link: openssl tells the user id of SM2 to the lowest one only.
			for below, above := range map[string]string{"leaf.pem": "issuer.pem", "issuer.pem": "root.pem"} {
				verify := append([]string{"verify", "-partial_chain", "-CAfile", in(above)}, c.verify...)
				require.Contains(t, openssl(t, append(verify, in(below))...), below+": OK")
			}
			if c.name != "SM2" {
				require.Contains(t, openssl(t, "x509", "-in", in("leaf.pem"), "-noout", "-ext", "keyUsage"), "Digital Signature")
				f.operate(http.StatusOK, "certificates/"+outcome.Serials[0]+"/revoke", order{"reason": "keyCompromise"})
				_, list := f.ask(http.MethodGet, "/crl/"+c.authority+".crl", "", nil)
				require.NoError(t, os.WriteFile(in("list.crl"), list, 0o600))
				require.Contains(t, openssl(t, "crl", "-inform", "DER", "-in", in("list.crl"), "-CAfile", in("chain.pem"), "-noout", "-text"), "Key Compromise")
				require.Contains(t, openssl(t, "crl", "-inform", "DER", "-in", in("list.crl"), "-CAfile", in("chain.pem"), "-noout"), "verify OK")
				require.Contains(t, openssl(t, "ocsp", "-issuer", in("issuer.pem"), "-cert", in("leaf.pem"), "-CAfile", in("chain.pem"),
					"-url", f.url+"/ocsp/"+c.authority), "leaf.pem: revoked")
			}
		})
	}
}
