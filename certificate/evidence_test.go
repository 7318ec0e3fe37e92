package certificate_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/certificate"
	"unireg/certificate/authority"
)

var content = []byte(`{"content":{"name":"测试建设有限公司"},"kind":"organization","schema":1}`)

// signed is a submit of content, accepted a minute after noon.
func signed(t testing.TB, a *authority.Authority, algorithm certificate.Algorithm) (certificate.Evidence, certificate.Verified) {
	t.Helper()
	v, _, key := subject(t, a, algorithm)
	statement := encode(t, submitStatement(content))
	signature, err := certificate.Sign(key, statement)
	require.NoError(t, err)
	request, err := v.OCSPRequest()
	require.NoError(t, err)
	r, err := v.StatusFromOCSP(responder(a, good).Respond(request), noon)
	require.NoError(t, err)
	return certificate.NewEvidence(statement, signature, v, r, accepted), v
}

var (
	accepted = noon.Add(time.Minute)
	digest   = sha256.Sum256(content)
)

func TestC10OldSignatures(t *testing.T) {
	for _, of := range algorithms {
		for _, algorithm := range algorithms {
			t.Run(string(algorithm)+" under "+string(of), func(t *testing.T) {
				a := companies(t, of)
				e, v := signed(t, a, algorithm)
				encoded, err := e.Marshal()
				require.NoError(t, err)
				e, err = certificate.ParseEvidence(encoded)
				require.NoError(t, err)

				// Long after, the certificate has expired: no clock is asked.
				report, err := trusting(t, a).VerifyEvidence(e, digest, accepted)
				require.NoError(t, err)
				require.Equal(t, submitStatement(content), report.Statement)
				require.Equal(t, e.Chain[0], report.Certificate.Raw())
				require.Equal(t, v.Issuer, report.Verified.Issuer)
				require.Equal(t, code, report.Verified.Code)
				require.Equal(t, certificate.Good, report.Revocation.Status)
				require.Equal(t, accepted, report.AcceptedAt)

				// A list proves as an answer does.
				e.Source, e.Proof = certificate.FromCRL, list(t, a)
				_, err = trusting(t, a).VerifyEvidence(e, digest, accepted)
				require.NoError(t, err)
			})
		}
	}
}

func TestC10LaterAndEarlierRevocation(t *testing.T) {
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		trust := trusting(t, a)
		e, v := signed(t, a, algorithm)
		c, err := certificate.Parse(e.Chain[0])
		require.NoError(t, err)
		for _, test := range []struct {
			name   string
			at     time.Time
			reason string
			want   certificate.Refusal
		}{
			{"revoked later", accepted.Add(time.Second), "keyCompromise", ""},
			{"suspended later", accepted.AddDate(0, 1, 0), "certificateHold", ""},
			{"revoked at that instant", accepted, "keyCompromise", certificate.IsRevoked},
			{"revoked before acceptance", accepted.Add(-time.Second), "superseded", certificate.IsRevoked},
			{"suspended before acceptance", accepted.AddDate(0, -1, 0), "certificateHold", certificate.IsSuspended},
		} {
			check := func(err error) {
				t.Helper()
				if test.want == "" {
					require.NoError(t, err)
					return
				}
				requireRefusal(t, test.want, err)
			}
			entry := certificate.Entry{Serial: c.Serial(), At: test.at, Reason: test.reason}
			der, err := a.RevocationList(8, []certificate.Entry{entry}, noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 1))
			require.NoError(t, err)
			t.Run(string(algorithm)+" "+test.name+", heard later", func(t *testing.T) {
				later, err := v.StatusFromCRL(der, noon.AddDate(1, 0, 0), 0)
				require.NoError(t, err)
				_, err = trust.VerifyEvidence(e, digest, accepted, later)
				check(err)
			})
			t.Run(string(algorithm)+" "+test.name+", in the proof", func(t *testing.T) {
				e := e
				e.Source, e.Proof = certificate.FromCRL, der
				_, err := trust.VerifyEvidence(e, digest, accepted)
				check(err)
			})
		}
	}
}

func TestC10EvidenceRefused(t *testing.T) {
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		e, v := signed(t, a, algorithm)
		key := keys(t, algorithm)
		another := issue(t, a, key.Public(), forCompany())
		request, err := v.OCSPRequest()
		require.NoError(t, err)
		answerAt := func(at time.Time) []byte {
			r := responder(a, good)
			r.Now = func() time.Time { return at }
			return r.Respond(request)
		}
		restate := func(e *certificate.Evidence, s certificate.Statement) {
			e.Statement = encode(t, s)
			var err error
			e.Signature, err = certificate.Sign(key, e.Statement)
			require.NoError(t, err)
		}
		later := submitStatement(content)
		later.Time = accepted.Add(6 * time.Minute)
		encryption := forCompany()
		encryption.Usage = authority.Encryption
		for _, test := range []struct {
			name   string
			change func(*certificate.Evidence)
			want   certificate.Refusal
		}{
			{"other content", func(e *certificate.Evidence) { restate(e, submitStatement([]byte("{}"))) }, certificate.BadSignature},
			{"a login", func(e *certificate.Evidence) { restate(e, loginStatement()) }, certificate.BadSignature},
			{"stated after acceptance", func(e *certificate.Evidence) { restate(e, later) }, certificate.BadSignature},
			{"altered statement", func(e *certificate.Evidence) {
				e.Statement = bytes.Replace(e.Statement, []byte("bm9uY2U"), []byte("bm9uY2V"), 1)
			}, certificate.BadSignature},
			{"altered signature", func(e *certificate.Evidence) { e.Signature[9] ^= 1 }, certificate.BadSignature},
			{"statement of no format", func(e *certificate.Evidence) { e.Statement = []byte("yes") }, certificate.Malformed},
			{"certificate of no format", func(e *certificate.Evidence) { e.Chain[0] = []byte("x") }, certificate.Malformed},
			{"no proof", func(e *certificate.Evidence) { e.Proof = nil }, certificate.Malformed},
			{"another key's certificate", func(e *certificate.Evidence) {
				e.Chain = signedChain(t, a, otherOf(algorithm))
			}, certificate.BadSignature},
			{"same key, certificate not asked about", func(e *certificate.Evidence) { e.Chain[0] = another.Raw() }, certificate.StatusUnknown},
			{"encryption certificate", func(e *certificate.Evidence) {
				e.Chain[0] = issue(t, a, key.Public(), encryption).Raw()
			}, certificate.Usage},
			{"proof too old", func(e *certificate.Evidence) { e.Proof = answerAt(accepted.Add(-2 * time.Hour)) }, certificate.StatusUnknown},
			{"proof too late", func(e *certificate.Evidence) { e.Proof = answerAt(accepted.Add(10 * time.Minute)) }, certificate.StatusUnknown},
			{"list called an answer", func(e *certificate.Evidence) { e.Proof = list(t, a) }, certificate.StatusUnknown},
			{"forged list", func(e *certificate.Evidence) {
				e.Source, e.Proof = certificate.FromCRL, list(t, company(t, "Test "+string(algorithm), algorithm))
			}, certificate.StatusUnknown},
		} {
			t.Run(string(algorithm)+" "+test.name, func(t *testing.T) {
				copied := e
				copied.Chain, copied.Signature = append([][]byte{}, e.Chain...), bytes.Clone(e.Signature)
				test.change(&copied)
				_, err := trusting(t, a).VerifyEvidence(copied, digest, accepted)
				requireRefusal(t, test.want, err)
			})
		}
		t.Run(string(algorithm)+" authority no longer trusted", func(t *testing.T) {
			_, err := trusting(t).VerifyEvidence(e, digest, accepted)
			requireRefusal(t, certificate.UnknownIssuer, err)
		})
		t.Run(string(algorithm)+" accepted after expiry", func(t *testing.T) {
			_, err := trusting(t, a).VerifyEvidence(e, digest, noon.AddDate(1, 0, 0))
			requireRefusal(t, certificate.Expired, err)
		})
		t.Run(string(algorithm)+" accepted before validity", func(t *testing.T) {
			early := e
			s := submitStatement(content)
			s.Time = noon.AddDate(-2, 0, 0)
			restate(&early, s)
			_, err := trusting(t, a).VerifyEvidence(early, digest, noon.AddDate(-1, 0, 0))
			requireRefusal(t, certificate.NotYetValid, err)
		})
	}
}

func otherOf(algorithm certificate.Algorithm) certificate.Algorithm {
	if algorithm == certificate.SM2 {
		return certificate.ECDSA
	}
	return certificate.SM2
}

func signedChain(t testing.TB, a *authority.Authority, algorithm certificate.Algorithm) [][]byte {
	t.Helper()
	e, _ := signed(t, a, algorithm)
	return e.Chain
}

func TestC10EvidenceHasOneEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blob := func(name string, most int) []byte { return rapid.SliceOfN(rapid.Byte(), 1, most).Draw(t, name) }
		e := certificate.Evidence{
			Statement: blob("statement", 20), Signature: blob("signature", 20), Proof: blob("proof", 20),
			Source:     rapid.SampledFrom([]string{"crl", "ocsp", "word of mouth"}).Draw(t, "source"),
			VerifiedAt: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 0).UTC(),
		}
		for range rapid.IntRange(0, 8).Draw(t, "certificates") {
			e.Chain = append(e.Chain, blob("certificate", 5))
		}
		encoded, err := e.Marshal()
		if err != nil {
			return
		}
		back, err := certificate.ParseEvidence(encoded)
		require.NoError(t, err)
		require.Equal(t, e, back)
	})
}

func TestC10EvidenceMarshalRefuses(t *testing.T) {
	whole, _ := signed(t, companies(t, certificate.SM2), certificate.SM2)
	for name, change := range map[string]func(*certificate.Evidence){
		"no statement":      func(e *certificate.Evidence) { e.Statement = nil },
		"long statement":    func(e *certificate.Evidence) { e.Statement = make([]byte, 4097) },
		"no signature":      func(e *certificate.Evidence) { e.Signature = nil },
		"long signature":    func(e *certificate.Evidence) { e.Signature = make([]byte, 2000) },
		"no issuer":         func(e *certificate.Evidence) { e.Chain = e.Chain[:1] },
		"long chain":        func(e *certificate.Evidence) { e.Chain = make([][]byte, 8) },
		"empty certificate": func(e *certificate.Evidence) { e.Chain = [][]byte{e.Chain[0], {}} },
		"long certificate":  func(e *certificate.Evidence) { e.Chain = [][]byte{e.Chain[0], make([]byte, 1<<15)} },
		"unknown source":    func(e *certificate.Evidence) { e.Source = "word of mouth" },
		"no proof":          func(e *certificate.Evidence) { e.Proof = nil },
		"long proof":        func(e *certificate.Evidence) { e.Proof = make([]byte, 17<<20) },
		"no time":           func(e *certificate.Evidence) { e.VerifiedAt = time.Time{} },
		"part of a second":  func(e *certificate.Evidence) { e.VerifiedAt = e.VerifiedAt.Add(1) },
	} {
		t.Run(name, func(t *testing.T) {
			e := whole
			change(&e)
			_, err := e.Marshal()
			require.Error(t, err)
			_, err = trusting(t).VerifyEvidence(e, digest, accepted)
			requireRefusal(t, certificate.Malformed, err)
		})
	}
}

func TestC10ParseEvidenceRefuses(t *testing.T) {
	e, _ := signed(t, companies(t, certificate.SM2), certificate.SM2)
	encoded, err := e.Marshal()
	require.NoError(t, err)
	replace := func(old, new string) []byte {
		require.Contains(t, string(encoded), old)
		return bytes.Replace(encoded, []byte(old), []byte(new), 1)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "cut": encoded[:len(encoded)-1], "space": append(bytes.Clone(encoded), '\n'), "twice": append(bytes.Clone(encoded), encoded...),
		"other version": replace("evidence/1", "evidence/2"), "other order": replace(`"format":"unireg-evidence/1",`, ""),
		"a member more": replace(`"chain"`, `"more":1,"chain"`), "upper-case member": replace(`"chain"`, `"Chain"`),
		"doubled member": replace(`"chain"`, `"source":"crl","chain"`), "no time": replace(`"2026-`, `"x2026-`),
		"local time": replace(`04:01:00Z`, `12:01:00+08:00`), "not base64": replace(`"signature":"M`, `"signature":"*`),
		"too long": make([]byte, 33<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificate.ParseEvidence(text)
			require.Error(t, err)
		})
	}
}
