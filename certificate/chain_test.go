package certificate_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

func TestN08SeveralAuthoritiesRSAAndSM2(t *testing.T) {
	trust := trusting(t, companies(t, certificate.RSA), companies(t, certificate.ECDSA), companies(t, certificate.SM2))
	require.Len(t, trust.Issuers(), 3)
	for i, of := range algorithms {
		for _, algorithm := range algorithms {
			t.Run(string(algorithm)+" under "+string(of), func(t *testing.T) {
				key := keys(t, algorithm)
				c := issue(t, companies(t, of), key.Public(), forCompany())
				v, err := trust.Verify(c, nil, noon)
				require.NoError(t, err)
				require.Equal(t, trust.Issuers()[i], v.Issuer)
				require.Equal(t, code, v.Code)
				require.Equal(t, append([][]byte{c.Raw()}, companies(t, of).Chain()...), v.Chain)
				require.Equal(t, algorithm, c.Algorithm())

				signature, err := certificate.Sign(key, []byte("content"))
				require.NoError(t, err)
				require.NoError(t, c.CheckSignature([]byte("content"), signature))
				requireRefusal(t, certificate.BadSignature, c.CheckSignature([]byte("contents"), signature))
				signature[len(signature)-1] ^= 1
				requireRefusal(t, certificate.BadSignature, c.CheckSignature([]byte("content"), signature))
				requireRefusal(t, certificate.BadSignature, c.CheckSignature([]byte("content"), nil))
			})
		}
	}
}

func TestC3Dates(t *testing.T) {
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		trust := trusting(t, a)
		c := issue(t, a, keys(t, algorithm).Public(), forCompany())
		for name, at := range map[string]time.Time{
			"not yet valid by a second": c.NotBefore().Add(-time.Second),
			"not yet valid by a year":   c.NotBefore().AddDate(-1, 0, 0),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				require.False(t, c.ValidAt(at))
				_, err := trust.Verify(c, nil, at)
				requireRefusal(t, certificate.NotYetValid, err)
			})
		}
		for name, at := range map[string]time.Time{
			"expired by a second": c.NotAfter().Add(time.Second),
			"expired by a year":   c.NotAfter().AddDate(1, 0, 0),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				require.False(t, c.ValidAt(at))
				_, err := trust.Verify(c, nil, at)
				requireRefusal(t, certificate.Expired, err)
			})
		}
		for name, at := range map[string]time.Time{
			"first second": c.NotBefore(), "last second": c.NotAfter().Add(time.Second - 1),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				require.True(t, c.ValidAt(at))
				_, err := trust.Verify(c, nil, at)
				require.NoError(t, err)
			})
		}
	}
}

func TestC3ExpiredAuthority(t *testing.T) {
	long := forCompany()
	long.NotAfter = noon.AddDate(30, 0, 0)
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := companies(t, algorithm)
			c := issue(t, a, keys(t, algorithm).Public(), long)
			_, err := trusting(t, a).Verify(c, nil, noon.AddDate(6, 0, 0))
			requireRefusal(t, certificate.Expired, err)

			root, err := authority.NewRoot(pkix.Name{CommonName: "short root"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
			require.NoError(t, err)
			a, err = root.NewIntermediate(pkix.Name{CommonName: "long CA"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
			require.NoError(t, err)
			c = issue(t, a, keys(t, algorithm).Public(), long)
			_, err = trusting(t, a).Verify(c, nil, noon)
			require.NoError(t, err)
			_, err = trusting(t, a).Verify(c, nil, noon.AddDate(2, 0, 0))
			requireRefusal(t, certificate.Expired, err)
		})
	}
}

func TestC3WrongAuthority(t *testing.T) {
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		public := keys(t, algorithm).Public()
		stranger := company(t, "Stranger", algorithm)
		namesake := company(t, "Test "+string(algorithm), algorithm)
		require.Equal(t, a.Name(), namesake.Name())
		root, err := authority.Load(a.Chain()[1:], nil)
		require.Error(t, err, "a root without its key does not load")
		require.Nil(t, root)
		for name, other := range map[string]*authority.Authority{"wrong CA": stranger, "same-name CA with another key": namesake} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				c := issue(t, other, public, forCompany())
				_, err := trusting(t, a).Verify(c, nil, noon)
				requireRefusal(t, certificate.UnknownIssuer, err)
				_, err = trusting(t, a).Verify(c, other.Chain(), noon)
				requireRefusal(t, certificate.UnknownIssuer, err)
				_, err = trusting(t, a, other).Verify(c, nil, noon)
				require.NoError(t, err)
			})
		}
		t.Run(string(algorithm)+" no issuer at all", func(t *testing.T) {
			_, err := trusting(t).Verify(issue(t, a, public, forCompany()), a.Chain(), noon)
			requireRefusal(t, certificate.UnknownIssuer, err)
		})
		t.Run(string(algorithm)+" altered certificate", func(t *testing.T) {
			der := issue(t, a, public, forCompany()).Raw()
			der = bytes.Replace(der, []byte(code), []byte("91110000600001761Q"), 1)
			c, err := certificate.Parse(der)
			require.NoError(t, err)
			_, err = trusting(t, a).Verify(c, nil, noon)
			requireRefusal(t, certificate.UnknownIssuer, err)
		})
	}
}

func TestC3Usage(t *testing.T) {
	serverOnly := func(x *smx509.Certificate) {
		x.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageOCSPSigning}
	}
	for _, algorithm := range algorithms {
		encryption := forCompany()
		encryption.Usage = authority.Encryption
		for name, r := range map[string]authority.Request{
			"encryption certificate used to sign": encryption,
			"no key usage":                        changed(func(x *smx509.Certificate) { x.KeyUsage = 0 }),
			"a machine's certificate":             changed(serverOnly),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				a := companies(t, algorithm)
				c := issue(t, a, keys(t, algorithm).Public(), r)
				_, err := trusting(t, a).Verify(c, nil, noon)
				requireRefusal(t, certificate.Usage, err)
				v, err := trusting(t, a).VerifyBinding(c, nil, noon)
				require.NoError(t, err)
				require.Equal(t, code, v.Code)
			})
		}
		both := forCompany()
		both.Usage = authority.Both
		for name, r := range map[string]authority.Request{
			"both usages":           both,
			"no extended key usage": changed(func(x *smx509.Certificate) { x.ExtKeyUsage = nil }),
			"an authority's own ext. use": changed(func(x *smx509.Certificate) {
				serverOnly(x)
				x.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3, 4}}
			}),
			"only non-repudiation": changed(func(x *smx509.Certificate) { x.KeyUsage = smx509.KeyUsageContentCommitment }),
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				a := companies(t, algorithm)
				c := issue(t, a, keys(t, algorithm).Public(), r)
				require.True(t, c.Signs())
				_, err := trusting(t, a).Verify(c, nil, noon)
				require.NoError(t, err)
			})
		}
	}
}

func TestC3EndEntityPosingAsAuthority(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			a := companies(t, algorithm)
			key := keys(t, algorithm)
			_, honest, _ := subject(t, a, algorithm)
			pkcs8, err := authority.MarshalKey(key)
			require.NoError(t, err)
			poser, err := authority.Load(append([][]byte{honest.Raw()}, a.Chain()...), pkcs8)
			require.NoError(t, err)
			forged := issue(t, poser, key.Public(), forCompany())
			_, err = trusting(t, a).Verify(forged, poser.Chain(), noon)
			requireRefusal(t, certificate.UnknownIssuer, err)

			text, err := authority.TrustJSON(poser.TrustEntry("冒充"))
			require.NoError(t, err)
			_, err = certificate.ParseTrust(text)
			require.ErrorContains(t, err, "not the certificate of an authority")
		})
	}
}

func TestC3AuthoritysOwnCertificate(t *testing.T) {
	root, err := authority.NewRoot(pkix.Name{CommonName: "only a root"}, certificate.SM2, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	require.NoError(t, err)
	sub, err := root.NewIntermediate(pkix.Name{CommonName: "below"}, certificate.SM2, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	require.NoError(t, err)
	c, err := certificate.Parse(sub.Certificate())
	require.NoError(t, err)
	_, err = trusting(t, root).Verify(c, nil, noon)
	requireRefusal(t, certificate.Usage, err)
	_, err = trusting(t, root).Verify(issue(t, root, keys(t, certificate.SM2).Public(), forCompany()), nil, noon)
	require.NoError(t, err, "a root that issues to subjects itself")

	// Beside an issuing certificate the root does not issue to subjects: its
	// list is not known.
	_, err = trusting(t, sub).Verify(issue(t, root, keys(t, certificate.SM2).Public(), forCompany()), nil, noon)
	requireRefusal(t, certificate.UnknownIssuer, err)
}

func TestC3PathLength(t *testing.T) {
	for _, algorithm := range algorithms {
		root, err := authority.NewRoot(pkix.Name{CommonName: "root"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
		require.NoError(t, err)
		for name, pathLength := range map[string]int{"path length 0 broken": 0, "path length 1 kept": 1, "no path length": -1} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				policy, err := root.NewPolicy(pkix.Name{CommonName: "policy"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0), pathLength)
				require.NoError(t, err)
				issuing, err := policy.NewIntermediate(pkix.Name{CommonName: "issuing"}, algorithm, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
				require.NoError(t, err)
				c := issue(t, issuing, keys(t, algorithm).Public(), forCompany())
				// Only the ends are pinned: the certificate between comes from the client.
				ends := issuing.TrustEntry("两端")
				ends.Certificates = string(pemOf(issuing.Certificate())) + string(pemOf(root.Certificate()))
				for _, trust := range []*certificate.Trust{pinning(t, ends), trusting(t, issuing)} {
					v, err := trust.Verify(c, [][]byte{[]byte("rubbish"), c.Raw(), policy.Certificate()}, noon)
					if pathLength == 0 {
						requireRefusal(t, certificate.UnknownIssuer, err)
						continue
					}
					require.NoError(t, err)
					require.Equal(t, append([][]byte{c.Raw()}, issuing.Chain()...), v.Chain)
				}
				_, err = pinning(t, ends).Verify(c, nil, noon)
				requireRefusal(t, certificate.UnknownIssuer, err)
			})
		}
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestC3WeakKeys(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	t.Run("RSA-1024 of a subject", func(t *testing.T) {
		a := companies(t, certificate.RSA)
		c := issue(t, a, weak.Public(), forCompany())
		_, err := trusting(t, a).Verify(c, nil, noon)
		requireRefusal(t, certificate.Weak, err)
	})
	t.Run("RSA-1024 of an authority", func(t *testing.T) {
		template := &smx509.Certificate{
			Subject: pkix.Name{CommonName: "weak"}, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign,
		}
		der, err := smx509.CreateCertificate(rand.Reader, template, template, weak.Public(), weak)
		require.NoError(t, err)
		text, err := authority.TrustJSON(certificate.TrustEntry{Name: "弱", Certificates: string(pemOf(der)), Code: "subject:CN"})
		require.NoError(t, err)
		_, err = certificate.ParseTrust(text)
		require.ErrorContains(t, err, "RSA of less than 2048 bits")
	})
}

func TestC3CriticalExtensions(t *testing.T) {
	add := func(oid asn1.ObjectIdentifier) authority.Request {
		r := forCompany()
		r.Code = ""
		r.Change = func(x *smx509.Certificate) {
			value, err := asn1.Marshal(code)
			require.NoError(t, err)
			x.ExtraExtensions = append(x.ExtraExtensions, pkix.Extension{Id: oid, Critical: true, Value: value})
		}
		return r
	}
	a := companies(t, certificate.SM2)
	public := keys(t, certificate.SM2).Public()
	_, err := trusting(t, a).Verify(issue(t, a, public, add(asn1.ObjectIdentifier{1, 2, 3, 4})), nil, noon)
	requireRefusal(t, certificate.Malformed, err)
	v, err := trusting(t, a).Verify(issue(t, a, public, add(asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 4})), nil, noon)
	require.NoError(t, err, "the code's own extension is understood")
	require.Equal(t, code, v.Code)
}

// An authority renews its certificate and keeps its key: both are pinned, and
// what was issued before stays valid under the one that is current.
func TestN08RenewedAuthority(t *testing.T) {
	old := companies(t, certificate.SM2)
	key, err := old.Key()
	require.NoError(t, err)
	signer, err := authority.ParseKey(key)
	require.NoError(t, err)
	oldX, err := smx509.ParseCertificate(old.Certificate())
	require.NoError(t, err)
	renewed := *oldX
	renewed.SerialNumber, renewed.NotBefore, renewed.NotAfter = nil, noon, noon.AddDate(12, 0, 0)
	der, err := smx509.CreateCertificate(rand.Reader, &renewed, &renewed, signer.Public(), signer)
	require.NoError(t, err)
	again, err := authority.Load([][]byte{der}, key)
	require.NoError(t, err)

	long := forCompany()
	long.NotAfter = noon.AddDate(12, 0, 0)
	c := issue(t, old, keys(t, certificate.SM2).Public(), long)
	trust := trusting(t, old, again)
	v, err := trust.Verify(c, nil, noon.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, trust.Issuers()[0], v.Issuer)
	v, err = trust.Verify(c, nil, noon.AddDate(6, 0, 0))
	require.NoError(t, err)
	require.Equal(t, trust.Issuers()[1], v.Issuer)
	_, err = trust.Verify(c, nil, noon.AddDate(13, 0, 0))
	requireRefusal(t, certificate.Expired, err)
}

func TestC3WeakSignatures(t *testing.T) {
	sha1 := changed(func(x *smx509.Certificate) { x.SignatureAlgorithm = smx509.SHA1WithRSA })
	a := companies(t, certificate.RSA)
	der, err := a.Issue(keys(t, certificate.RSA).Public(), sha1)
	require.NoError(t, err)
	c, err := certificate.Parse(der)
	require.NoError(t, err)
	_, err = trusting(t, a).Verify(c, nil, noon)
	requireRefusal(t, certificate.UnknownIssuer, err)
	sha512 := issue(t, a, keys(t, certificate.RSA).Public(), changed(func(x *smx509.Certificate) { x.SignatureAlgorithm = smx509.SHA512WithRSA }))
	_, err = trusting(t, a).Verify(sha512, nil, noon)
	require.NoError(t, err)

	v, _, _ := subject(t, a, certificate.RSA)
	weak := craft(t, a, func(l *smx509.RevocationList) { l.SignatureAlgorithm = smx509.SHA1WithRSA })
	_, err = v.StatusFromCRL(weak, noon, 0)
	requireRefusal(t, certificate.StatusUnknown, err)
}

func TestC3AuthoritiesNotUnderstood(t *testing.T) {
	key := keys(t, certificate.SM2)
	for want, change := range map[string]func(*smx509.Certificate){
		"not the certificate of an authority": func(x *smx509.Certificate) { x.KeyUsage = smx509.KeyUsageCRLSign },
		"name constraints are not supported":  func(x *smx509.Certificate) { x.PermittedDNSDomains = []string{"example.cn"} },
		"critical extension": func(x *smx509.Certificate) {
			x.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		},
	} {
		t.Run(want, func(t *testing.T) {
			template := &smx509.Certificate{
				Subject: pkix.Name{CommonName: "strange"}, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
				IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign,
			}
			change(template)
			der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			require.NoError(t, err)
			text, err := authority.TrustJSON(certificate.TrustEntry{Name: "异", Certificates: string(pemOf(der)), Code: "subject:CN"})
			require.NoError(t, err)
			_, err = certificate.ParseTrust(text)
			require.ErrorContains(t, err, want)
		})
	}
}
