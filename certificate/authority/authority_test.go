package authority_test

import (
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/internal/ocsp"
)

var (
	noon       = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	algorithms = []certificate.Algorithm{certificate.RSA, certificate.ECDSA, certificate.SM2}
)

const code = "91110000600001760Q"

func newAuthority(t testing.TB, algorithm certificate.Algorithm) *authority.Authority {
	t.Helper()
	root, err := authority.NewRoot(pkix.Name{CommonName: "根"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	require.NoError(t, err)
	a, err := root.NewIntermediate(pkix.Name{CommonName: "中间"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	require.NoError(t, err)
	a.CRL, a.OCSP = "http://127.0.0.1:8090/a.crl", "http://127.0.0.1:8090/ocsp"
	return a
}

func request(profile authority.Profile) authority.Request {
	return authority.Request{
		Profile: profile, Organization: "测试公司", Name: "张三", PersonNumber: "430104199001010012", Code: code,
		NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
	}
}

func parse(t testing.TB, der []byte) *certificate.Certificate {
	t.Helper()
	c, err := certificate.Parse(der)
	require.NoError(t, err)
	return c
}

func trust(t testing.TB, a *authority.Authority) *certificate.Trust {
	t.Helper()
	text, err := authority.TrustJSON(a.TrustEntry("测试机构"))
	require.NoError(t, err)
	parsed, err := certificate.ParseTrust(text)
	require.NoError(t, err)
	return parsed
}

func TestN08LoadedAuthorityIssuesOn(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := newAuthority(t, algorithm)
			key, err := a.Key()
			require.NoError(t, err)
			again, err := authority.Load(a.Chain(), key)
			require.NoError(t, err)
			require.Equal(t, a.PEM(), again.PEM())
			require.Equal(t, "中间", again.Name())
			subject, err := authority.GenerateKey(algorithm)
			require.NoError(t, err)
			der, err := again.Issue(subject.Public(), request(authority.Organization))
			require.NoError(t, err)
			v, err := trust(t, a).Verify(parse(t, der), nil, noon)
			require.NoError(t, err)
			require.Equal(t, code, v.Code)
			require.Equal(t, a.CRL, v.Issuer.CRL)
			require.Equal(t, a.OCSP, v.Issuer.OCSP)

			_, err = authority.Load(newAuthority(t, algorithm).Chain(), key)
			require.ErrorContains(t, err, "another certificate's")
			_, err = authority.Load([][]byte{[]byte("x")}, key)
			require.Error(t, err)
			_, err = authority.Load(nil, key)
			require.Error(t, err)
			_, err = authority.Load(a.Chain(), []byte("x"))
			require.Error(t, err)
		})
	}
	_, err := authority.GenerateKey("DSA")
	require.Error(t, err)
	_, err = authority.NewRoot(pkix.Name{CommonName: "根"}, "DSA", noon, noon)
	require.Error(t, err)
}

func TestProfiles(t *testing.T) {
	a := newAuthority(t, certificate.SM2)
	key, err := authority.GenerateKey(certificate.SM2)
	require.NoError(t, err)
	for profile, want := range map[authority.Profile]string{
		authority.Organization:   "CN=测试公司,O=测试公司,C=CN",
		authority.Representative: "SERIALNUMBER=430104199001010012,CN=张三,OU=法定代表人,O=测试公司,C=CN",
		authority.Agent:          "SERIALNUMBER=430104199001010012,CN=张三,OU=经办人,O=测试公司,C=CN",
		authority.Person:         "SERIALNUMBER=430104199001010012,CN=张三,C=CN",
	} {
		t.Run(string(profile), func(t *testing.T) {
			der, err := a.Issue(key.Public(), request(profile))
			require.NoError(t, err)
			require.Equal(t, want, parse(t, der).Subject())
			x, err := smx509.ParseCertificate(der)
			require.NoError(t, err)
			require.Equal(t, []string{a.CRL}, x.CRLDistributionPoints)
			require.Equal(t, []string{a.OCSP}, x.OCSPServer)
			require.Len(t, x.SerialNumber.Bytes(), 16)
		})
	}
	_, err = a.Issue(key.Public(), request("robot"))
	require.ErrorContains(t, err, "unknown profile")
	nameless := request(authority.Person)
	nameless.Name = ""
	_, err = a.Issue(key.Public(), nameless)
	require.ErrorContains(t, err, "no name")
	strange := request(authority.Person)
	strange.Usage = "decoration"
	_, err = a.Issue(key.Public(), strange)
	require.ErrorContains(t, err, "unknown usage")
	_, err = a.Issue("key", request(authority.Person))
	require.Error(t, err)
}

func TestIssueFromRequest(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := newAuthority(t, certificate.SM2)
			key, err := authority.GenerateKey(algorithm)
			require.NoError(t, err)
			csr, err := authority.NewCSR(key, "别人的名字")
			require.NoError(t, err)
			for _, form := range [][]byte{csr, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})} {
				der, err := a.IssueFromCSR(form, request(authority.Organization))
				require.NoError(t, err)
				c := parse(t, der)
				require.Equal(t, "测试公司", c.CommonName(), "names in the request do not count")
				require.Equal(t, algorithm, c.Algorithm())
				signature, err := certificate.Sign(key, []byte("x"))
				require.NoError(t, err)
				require.NoError(t, c.CheckSignature([]byte("x"), signature))
			}
			csr[len(csr)-2] ^= 1
			_, err = a.IssueFromCSR(csr, request(authority.Organization))
			require.Error(t, err, "who does not have the key gets no certificate")
			_, err = a.IssueFromCSR([]byte("x"), request(authority.Organization))
			require.Error(t, err)
		})
	}
}

func TestN08PairSignsWithOneOnly(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := newAuthority(t, algorithm)
			key, err := authority.GenerateKey(algorithm)
			require.NoError(t, err)
			pair, err := a.IssuePair(key.Public(), request(authority.Agent))
			require.NoError(t, err)
			signing, encryption := parse(t, pair.Signing), parse(t, pair.Encryption)
			require.True(t, signing.Signs() && !signing.Encrypts())
			require.True(t, encryption.Encrypts() && !encryption.Signs())
			require.Equal(t, signing.Subject(), encryption.Subject())
			require.NotEqual(t, signing.Serial(), encryption.Serial())
			require.Equal(t, pair.EncryptionKey.Public(), encryption.PublicKey())
			_, err = trust(t, a).Verify(encryption, nil, noon)
			refusal, _ := certificate.RefusalOf(err)
			require.Equal(t, certificate.Usage, refusal)
			_, err = trust(t, a).VerifyBinding(encryption, nil, noon)
			require.NoError(t, err)
		})
	}
	_, err := newAuthority(t, certificate.SM2).IssuePair("key", request(authority.Agent))
	require.Error(t, err)
}

func TestRevocationListRefuses(t *testing.T) {
	a := newAuthority(t, certificate.SM2)
	for name, entry := range map[string]certificate.Entry{
		"serial number": {Serial: "abc", At: noon}, "reason": {Serial: "0A", At: noon, Reason: "boredom"}, "instant": {Serial: "0A"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.RevocationList(1, []certificate.Entry{entry}, noon, noon.AddDate(0, 0, 1))
			require.Error(t, err)
		})
	}
	_, err := a.RevocationList(1, nil, noon, noon.Add(-time.Second))
	require.Error(t, err)
}

func TestC4ResponderAnswersSeveral(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := newAuthority(t, algorithm)
			key, err := authority.GenerateKey(certificate.SM2)
			require.NoError(t, err)
			delegate, err := a.NewDelegate(algorithm, noon.AddDate(0, -1, 0), noon.AddDate(0, 1, 0))
			require.NoError(t, err)
			pkcs8, err := delegate.Key()
			require.NoError(t, err)
			delegate, err = authority.LoadDelegate(delegate.Certificate(), pkcs8)
			require.NoError(t, err)

			states := map[string]authority.State{}
			var asked ocsp.Request
			var verified []certificate.Verified
			for _, state := range []authority.State{{Status: certificate.Good}, {Status: certificate.Suspended, At: noon, Reason: "certificateHold"}, {}} {
				der, err := a.Issue(key.Public(), request(authority.Organization))
				require.NoError(t, err)
				v, err := trust(t, a).Verify(parse(t, der), nil, noon)
				require.NoError(t, err)
				one, err := v.OCSPRequest()
				require.NoError(t, err)
				single, err := ocsp.ParseRequest(one)
				require.NoError(t, err)
				require.Nil(t, single.Nonce)
				states[parse(t, der).Serial()] = state
				asked.IDs = append(asked.IDs, single.IDs...)
				verified = append(verified, v)
			}
			asked.Nonce = []byte("nonce of 16 byte")
			der, err := asked.Marshal()
			require.NoError(t, err)
			r := authority.Responder{
				Authority: a, Delegate: delegate, Validity: time.Hour, Now: func() time.Time { return noon },
				Lookup: func(serial string) (authority.State, error) { return states[serial], nil },
			}
			answer := r.Respond(der)
			for i, want := range []certificate.Status{certificate.Good, certificate.Suspended, certificate.Unknown} {
				got, err := verified[i].StatusFromOCSP(answer, noon)
				require.NoError(t, err)
				require.Equal(t, want, got.Status)
			}
		})
	}
}

func TestResponderErrors(t *testing.T) {
	a := newAuthority(t, certificate.SM2)
	key, err := authority.GenerateKey(certificate.SM2)
	require.NoError(t, err)
	der, err := a.Issue(key.Public(), request(authority.Organization))
	require.NoError(t, err)
	v, err := trust(t, a).Verify(parse(t, der), nil, noon)
	require.NoError(t, err)
	good, err := v.OCSPRequest()
	require.NoError(t, err)
	single, err := ocsp.ParseRequest(good)
	require.NoError(t, err)
	for range 4 {
		single.IDs = append(single.IDs, single.IDs...)
	}
	single.IDs = append(single.IDs, single.IDs[0])
	tooMany, err := single.Marshal()
	require.NoError(t, err)
	none, err := ocsp.Request{}.Marshal()
	require.NoError(t, err)

	for name, test := range map[string]struct {
		authority *authority.Authority
		request   []byte
		state     authority.State
		failing   error
		want      ocsp.ErrorStatus
	}{
		"rubbish":           {a, []byte("x"), authority.State{}, nil, ocsp.MalformedRequest},
		"too long":          {a, make([]byte, 1<<20), authority.State{}, nil, ocsp.MalformedRequest},
		"too many":          {a, tooMany, authority.State{}, nil, ocsp.MalformedRequest},
		"none":              {a, none, authority.State{}, nil, ocsp.MalformedRequest},
		"another authority": {newAuthority(t, certificate.SM2), good, authority.State{}, nil, ocsp.Unauthorized},
		"storage down":      {a, good, authority.State{}, errors.New("down"), ocsp.TryLater},
		"unknown reason":    {a, good, authority.State{Status: certificate.Revoked, Reason: "boredom"}, nil, ocsp.TryLater},
	} {
		t.Run(name, func(t *testing.T) {
			r := authority.Responder{
				Authority: test.authority, Now: func() time.Time { return noon },
				Lookup: func(string) (authority.State, error) { return test.state, test.failing },
			}
			_, err := ocsp.ParseResponse(r.Respond(test.request))
			require.Equal(t, test.want, err)
		})
	}
}

func TestLoadDelegateRefuses(t *testing.T) {
	_, err := authority.LoadDelegate(nil, nil)
	require.Error(t, err)
	key, err := authority.GenerateKey(certificate.SM2)
	require.NoError(t, err)
	pkcs8, err := authority.MarshalKey(key)
	require.NoError(t, err)
	_, err = authority.LoadDelegate([]byte("x"), pkcs8)
	require.Error(t, err)
}
