package certificate_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

// list signs a list that holds for a day from noon on.
func list(t testing.TB, a *authority.Authority, entries ...certificate.Entry) []byte {
	t.Helper()
	der, err := a.RevocationList(7, entries, noon, noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	return der
}

func TestC4List(t *testing.T) {
	before := noon.AddDate(0, 0, -3)
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		v, c, _ := subject(t, a, algorithm)
		for _, test := range []struct {
			name    string
			entries []certificate.Entry
			at      time.Time
			maxAge  time.Duration
			want    certificate.Revocation
		}{
			{"empty list", nil, noon, 0, certificate.Revocation{Status: certificate.Good}},
			{"another is listed", []certificate.Entry{{Serial: "01", At: before}}, noon, 0, certificate.Revocation{Status: certificate.Good}},
			{"last moment", nil, noon.AddDate(0, 0, 1), 0, certificate.Revocation{Status: certificate.Good}},
			{"our clock a little behind", nil, noon.Add(-5 * time.Minute), 0, certificate.Revocation{Status: certificate.Good}},
			{"within the age", nil, noon.Add(time.Hour), time.Hour, certificate.Revocation{Status: certificate.Good}},
			{"stale by NextUpdate", nil, noon.AddDate(0, 0, 1).Add(time.Second), 0, certificate.Revocation{Status: certificate.Unknown}},
			{"stale by age", nil, noon.Add(time.Hour + 1), time.Hour, certificate.Revocation{Status: certificate.Unknown}},
			{"of the future", nil, noon.Add(-6 * time.Minute), 0, certificate.Revocation{Status: certificate.Unknown}},
			{
				"revoked",
				[]certificate.Entry{{Serial: "01", At: before}, {Serial: c.Serial(), At: before, Reason: "keyCompromise"}},
				noon, 0,
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: before, Reason: "keyCompromise"},
			},
			{
				"revoked without a reason",
				[]certificate.Entry{{Serial: c.Serial(), At: before}},
				noon, 0,
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: before},
			},
			{
				"hold is suspended",
				[]certificate.Entry{{Serial: c.Serial(), At: before, Reason: "certificateHold"}},
				noon, 0,
				certificate.Revocation{Status: certificate.Suspended, RevokedAt: before, Reason: "certificateHold"},
			},
			{
				"hold, then revoked",
				[]certificate.Entry{
					{Serial: c.Serial(), At: before, Reason: "certificateHold"}, {Serial: c.Serial(), At: noon, Reason: "superseded"},
				},
				noon, 0,
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: noon, Reason: "superseded"},
			},
			{
				"revoked in a stale list",
				[]certificate.Entry{{Serial: c.Serial(), At: before}},
				noon.AddDate(1, 0, 0), time.Hour,
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: before},
			},
			{
				"taken back",
				[]certificate.Entry{{Serial: c.Serial(), At: before, Reason: "removeFromCRL"}},
				noon, 0,
				certificate.Revocation{Status: certificate.Good},
			},
		} {
			t.Run(string(algorithm)+" "+test.name, func(t *testing.T) {
				der := list(t, a, test.entries...)
				test.want.Source, test.want.Proof = certificate.FromCRL, der
				test.want.ThisUpdate, test.want.NextUpdate = noon, noon.AddDate(0, 0, 1)
				got, err := v.StatusFromCRL(der, test.at, test.maxAge)
				require.NoError(t, err)
				require.Equal(t, test.want, got)
				refusal, refused := certificate.RefusalOf(got.Err())
				require.Equal(t, test.want.Status != certificate.Good, refused)
				require.Equal(t, map[certificate.Status]certificate.Refusal{
					certificate.Good: "", certificate.Revoked: certificate.IsRevoked,
					certificate.Suspended: certificate.IsSuspended, certificate.Unknown: certificate.StatusUnknown,
				}[got.Status], refusal)
			})
		}
	}
}

// craft signs a list with a template of the test's own.
func craft(t testing.TB, a *authority.Authority, change func(*smx509.RevocationList)) []byte {
	t.Helper()
	template := &smx509.RevocationList{Number: big.NewInt(9), ThisUpdate: noon, NextUpdate: noon.AddDate(0, 0, 1)}
	change(template)
	x, err := smx509.ParseCertificate(a.Certificate())
	require.NoError(t, err)
	pkcs8, err := a.Key()
	require.NoError(t, err)
	key, err := authority.ParseKey(pkcs8)
	require.NoError(t, err)
	der, err := smx509.CreateRevocationList(rand.Reader, template, x, key)
	require.NoError(t, err)
	return der
}

func TestC4ListRefused(t *testing.T) {
	point := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}
	delta := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{0x02, 1, 1}}
	strange := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		v, _, _ := subject(t, a, algorithm)
		good := list(t, a)
		flipped := bytes.Clone(good)
		flipped[len(flipped)-3] ^= 1
		for name, der := range map[string][]byte{
			"another issuer's":            list(t, company(t, "Stranger", algorithm)),
			"forged by a namesake":        list(t, company(t, "Test "+string(algorithm), algorithm)),
			"forged signature":            flipped,
			"forged date":                 bytes.Replace(good, []byte("2611"), []byte("3611"), 1),
			"delta list":                  craft(t, a, func(l *smx509.RevocationList) { l.ExtraExtensions = []pkix.Extension{delta} }),
			"partial list":                craft(t, a, func(l *smx509.RevocationList) { l.ExtraExtensions = []pkix.Extension{point} }),
			"critical unknown extension":  craft(t, a, func(l *smx509.RevocationList) { l.ExtraExtensions = []pkix.Extension{strange} }),
			"indirect entry":              craft(t, a, entryWith(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Value: []byte{0x30, 0}})),
			"critical extension of entry": craft(t, a, entryWith(strange)),
			"something follows":           append(bytes.Clone(good), 0),
			"cut":                         good[:len(good)-1],
			"nothing":                     nil,
			"too long":                    make([]byte, 17<<20),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				_, err := v.StatusFromCRL(der, noon, 0)
				requireRefusal(t, certificate.StatusUnknown, err)
				_, err = trusting(t, a).ParseCRL(v.Issuer.Key, der)
				requireRefusal(t, certificate.StatusUnknown, err)
			})
		}
	}
	_, err := certificate.Verified{}.StatusFromCRL(list(t, companies(t, certificate.SM2)), noon, 0)
	requireRefusal(t, certificate.StatusUnknown, err)
}

func entryWith(e pkix.Extension) func(*smx509.RevocationList) {
	return func(l *smx509.RevocationList) {
		l.RevokedCertificateEntries = []smx509.RevocationListEntry{{
			SerialNumber: big.NewInt(1), RevocationTime: noon, ExtraExtensions: []pkix.Extension{e},
		}}
	}
}

func TestC4ParsedList(t *testing.T) {
	rsa, sm2 := companies(t, certificate.RSA), companies(t, certificate.SM2)
	trust := trusting(t, rsa, sm2)
	v, c, _ := subject(t, sm2, certificate.SM2)
	entries := []certificate.Entry{{Serial: c.Serial(), At: noon, Reason: "certificateHold"}, {Serial: "00FF", At: noon, Reason: "superseded"}}
	entries[1].Serial = "FF"
	parsed, err := trust.ParseCRL(v.Issuer.Key, list(t, sm2, entries...))
	require.NoError(t, err)
	require.Equal(t, "7", parsed.Number)
	require.Equal(t, noon, parsed.ThisUpdate)
	require.Equal(t, noon.AddDate(0, 0, 1), parsed.NextUpdate)
	require.Equal(t, entries, parsed.Entries)
	require.Equal(t, certificate.Suspended, parsed.Entries[0].Status())
	require.Equal(t, certificate.Revoked, parsed.Entries[1].Status())
	r, err := v.StatusFromList(parsed, noon, 0)
	require.NoError(t, err)
	require.Equal(t, certificate.Suspended, r.Status)

	_, err = trust.ParseCRL(trust.Issuers()[0].Key, list(t, sm2))
	requireRefusal(t, certificate.StatusUnknown, err)
	_, err = trust.ParseCRL("no issuer's key", list(t, sm2))
	requireRefusal(t, certificate.StatusUnknown, err)
	ofRSA, err := trust.ParseCRL(trust.Issuers()[0].Key, list(t, rsa))
	require.NoError(t, err)
	_, err = v.StatusFromList(ofRSA, noon, 0)
	requireRefusal(t, certificate.StatusUnknown, err)
	_, err = v.StatusFromList(certificate.List{}, noon, 0)
	requireRefusal(t, certificate.StatusUnknown, err)
}

// responder answers at noon with what lookup says, for an hour.
func responder(a *authority.Authority, state authority.State) *authority.Responder {
	return &authority.Responder{
		Authority: a, Validity: time.Hour, Now: func() time.Time { return noon },
		Lookup: func(string) (authority.State, error) { return state, nil },
	}
}

var good = authority.State{Status: certificate.Good}

func TestC4OCSP(t *testing.T) {
	before := noon.AddDate(0, 0, -3)
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		v, c, _ := subject(t, a, algorithm)
		request, err := v.OCSPRequest()
		require.NoError(t, err)
		delegate, err := a.NewDelegate(algorithm, noon.AddDate(0, -1, 0), noon.AddDate(0, 1, 0))
		require.NoError(t, err)
		for _, test := range []struct {
			name   string
			state  authority.State
			change func(*authority.Responder)
			at     time.Time
			want   certificate.Revocation
		}{
			{"good", good, nil, noon, certificate.Revocation{Status: certificate.Good}},
			{"good by a delegate", good, func(r *authority.Responder) { r.Delegate = delegate }, noon, certificate.Revocation{Status: certificate.Good}},
			{"last moment", good, nil, noon.Add(time.Hour), certificate.Revocation{Status: certificate.Good}},
			{"stale", good, nil, noon.Add(time.Hour + 1), certificate.Revocation{Status: certificate.Unknown}},
			{"of the future", good, nil, noon.Add(-6 * time.Minute), certificate.Revocation{Status: certificate.Unknown}},
			{
				"without NextUpdate", good, func(r *authority.Responder) { r.Validity = 0 }, noon.Add(time.Hour),
				certificate.Revocation{Status: certificate.Good},
			},
			{
				"without NextUpdate, stale", good, func(r *authority.Responder) { r.Validity = 0 }, noon.Add(time.Hour + 1),
				certificate.Revocation{Status: certificate.Unknown},
			},
			{"not known", authority.State{Status: certificate.Unknown}, nil, noon, certificate.Revocation{Status: certificate.Unknown}},
			{
				"revoked",
				authority.State{Status: certificate.Revoked, At: before, Reason: "superseded"},
				nil, noon,
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: before, Reason: "superseded"},
			},
			{
				"revoked without a reason, stale",
				authority.State{Status: certificate.Revoked, At: before},
				nil, noon.AddDate(0, 0, 9),
				certificate.Revocation{Status: certificate.Revoked, RevokedAt: before},
			},
			{
				"hold is suspended",
				authority.State{Status: certificate.Suspended, At: before, Reason: "certificateHold"},
				func(r *authority.Responder) { r.Delegate = delegate }, noon,
				certificate.Revocation{Status: certificate.Suspended, RevokedAt: before, Reason: "certificateHold"},
			},
		} {
			t.Run(string(algorithm)+" "+test.name, func(t *testing.T) {
				r := responder(a, test.state)
				r.Lookup = func(serial string) (authority.State, error) {
					require.Equal(t, c.Serial(), serial)
					return test.state, nil
				}
				test.want.ThisUpdate, test.want.NextUpdate = noon, noon.Add(time.Hour)
				if test.change != nil {
					test.change(r)
				}
				if r.Validity == 0 {
					test.want.NextUpdate = time.Time{}
				}
				test.want.Source, test.want.Proof = certificate.FromOCSP, r.Respond(request)
				got, err := v.StatusFromOCSP(test.want.Proof, test.at)
				require.NoError(t, err)
				require.Equal(t, test.want, got)
			})
		}
	}
}

func TestC4OCSPRefused(t *testing.T) {
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		v, c, key := subject(t, a, algorithm)
		request, err := v.OCSPRequest()
		require.NoError(t, err)
		answer := responder(a, good).Respond(request)
		flipped := bytes.Clone(answer)
		flipped[len(flipped)-3] ^= 1

		// by lets somebody sign in the name of this authority.
		by := func(certificateDER []byte, signer any) []byte {
			t.Helper()
			pkcs8, err := smx509.MarshalPKCS8PrivateKey(signer)
			require.NoError(t, err)
			delegate, err := authority.LoadDelegate(certificateDER, pkcs8)
			require.NoError(t, err)
			r := responder(a, good)
			r.Delegate = delegate
			return r.Respond(request)
		}
		delegateOf := func(other *authority.Authority, from, to time.Time) []byte {
			t.Helper()
			delegate, err := other.NewDelegate(algorithm, from, to)
			require.NoError(t, err)
			r := responder(a, good)
			r.Delegate = delegate
			return r.Respond(request)
		}
		namesake := company(t, "Test "+string(algorithm), algorithm)
		namesakeKey, err := namesake.Key()
		require.NoError(t, err)
		namesakeSigner, err := authority.ParseKey(namesakeKey)
		require.NoError(t, err)
		noSignature := changed(func(x *smx509.Certificate) {
			x.KeyUsage, x.ExtKeyUsage = smx509.KeyUsageKeyEncipherment, []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning}
		})
		otherSubject := issue(t, a, key.Public(), forCompany())
		otherVerified, err := trusting(t, a).Verify(otherSubject, nil, noon)
		require.NoError(t, err)
		otherRequest, err := otherVerified.OCSPRequest()
		require.NoError(t, err)
		failing := responder(a, good)
		failing.Lookup = func(string) (authority.State, error) { return authority.State{}, errors.New("down") }

		for name, response := range map[string][]byte{
			"forged by a namesake":          by(namesake.Certificate(), namesakeSigner),
			"forged by a subject's key":     by(c.Raw(), key),
			"forged by another CA's OCSP":   delegateOf(company(t, "Stranger", algorithm), noon.AddDate(0, -1, 0), noon.AddDate(0, 1, 0)),
			"responder expired":             delegateOf(a, noon.AddDate(-1, 0, 0), noon.AddDate(0, -1, 0)),
			"responder without its key use": by(issue(t, a, key.Public(), noSignature).Raw(), key),
			"altered signature":             flipped,
			"altered status":                bytes.Replace(answer, []byte{0x80, 0x00}, []byte{0x82, 0x00}, 1),
			"for another serial":            responder(a, good).Respond(otherRequest),
			"malformedRequest":              responder(a, good).Respond([]byte("what?")),
			"tryLater":                      failing.Respond(request),
			"unauthorized":                  responder(namesake, good).Respond(request),
			"nothing":                       nil,
			"HTML":                          []byte("<html>502 Bad Gateway</html>"),
			"cut":                           answer[:len(answer)-1],
			"something follows":             append(bytes.Clone(answer), 0),
			"too long":                      make([]byte, 1<<20),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				_, err := v.StatusFromOCSP(response, noon)
				requireRefusal(t, certificate.StatusUnknown, err)
			})
		}
	}
	_, err := certificate.Verified{}.OCSPRequest()
	requireRefusal(t, certificate.StatusUnknown, err)
	_, err = certificate.Verified{}.StatusFromOCSP(nil, noon)
	requireRefusal(t, certificate.StatusUnknown, err)
}

// Only an issuing certificate that may sign lists is believed about them.
func TestC4IssuerWithoutListUsage(t *testing.T) {
	a := companies(t, certificate.SM2)
	key, err := a.Key()
	require.NoError(t, err)
	signer, err := authority.ParseKey(key)
	require.NoError(t, err)
	template := &smx509.Certificate{
		Subject: pkix.Name{CommonName: "Test SM2 CA"}, NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	require.NoError(t, err)
	unable, err := authority.Load([][]byte{der}, key)
	require.NoError(t, err)
	v, _, _ := subject(t, unable, certificate.SM2)
	_, err = v.StatusFromCRL(list(t, a), noon, 0)
	requireRefusal(t, certificate.StatusUnknown, err)
}
