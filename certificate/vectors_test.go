package certificate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/record"
)

// vectorsFile is described in docs/signatures.md. What is written there holds
// for ever: signed versions depend on it.
const vectorsFile = "testdata/vectors.json"

var writeVectors = flag.Bool("write-vectors", false, "write "+vectorsFile+" anew; only for a new format")

type vectors struct {
	Statements []statementVector `json:"statements"`
	Refused    []string          `json:"refused_statements"`
	Documents  []documentVector  `json:"documents"`
	Signatures []signatureVector `json:"signatures"`
	Trust      json.RawMessage   `json:"trust"`
	Evidence   []evidenceVector  `json:"evidence"`
}

type statementVector struct {
	Purpose certificate.Purpose `json:"purpose"`
	Origin  string              `json:"origin"`
	Nonce   string              `json:"nonce"`
	Session string              `json:"session"`
	Time    time.Time           `json:"time"`
	Digest  string              `json:"digest"`
	Title   string              `json:"title"`
	Bytes   string              `json:"bytes"`
	SHA256  string              `json:"sha256"`
}

type documentVector struct {
	Bytes  string `json:"bytes"`
	SHA256 string `json:"sha256"`
}

type signatureVector struct {
	Algorithm certificate.Algorithm `json:"algorithm"`
	// Key is a test's own, PKCS #8 in DER.
	Key         []byte `json:"key"`
	Certificate []byte `json:"certificate"`
	Message     string `json:"message"`
	Signature   []byte `json:"signature"`
	// Deterministic says that signing again gives the same signature.
	Deterministic bool `json:"deterministic"`
}

type evidenceVector struct {
	Name       string              `json:"name"`
	Document   string              `json:"document"`
	Evidence   string              `json:"evidence"`
	AcceptedAt time.Time           `json:"accepted_at"`
	Refusal    certificate.Refusal `json:"refusal"`
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestN08Vectors(t *testing.T) {
	if *writeVectors {
		text, err := json.MarshalIndent(newVectors(t), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsFile, append(text, '\n'), 0o600))
	}
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	var all vectors
	require.NoError(t, json.Unmarshal(text, &all))

	require.NotEmpty(t, all.Statements)
	for _, v := range all.Statements {
		t.Run("C2 statement "+string(v.Purpose), func(t *testing.T) {
			s := certificate.Statement{
				Purpose: v.Purpose, Origin: v.Origin, Nonce: v.Nonce, Session: v.Session, Time: v.Time, Digest: v.Digest, Title: v.Title,
			}
			require.Equal(t, v.Bytes, string(encode(t, s)))
			require.Equal(t, v.SHA256, hexSHA256(v.Bytes))
			parsed, err := certificate.ParseStatement([]byte(v.Bytes))
			require.NoError(t, err)
			require.Equal(t, s, parsed)
		})
	}
	require.NotEmpty(t, all.Refused)
	for _, refused := range all.Refused {
		_, err := certificate.ParseStatement([]byte(refused))
		require.Error(t, err, "%q", refused)
	}
	require.NotEmpty(t, all.Documents)
	for _, v := range all.Documents {
		require.Equal(t, v.SHA256, hexSHA256(v.Bytes))
		checkDocument(t, v.Bytes)
	}
	require.Len(t, all.Signatures, len(algorithms))
	for _, v := range all.Signatures {
		t.Run("signature "+string(v.Algorithm), func(t *testing.T) { checkSignatureVector(t, v) })
	}
	trust, err := certificate.ParseTrust(all.Trust)
	require.NoError(t, err)
	require.NotEmpty(t, all.Evidence)
	for _, v := range all.Evidence {
		t.Run("C10 "+v.Name, func(t *testing.T) {
			e, err := certificate.ParseEvidence([]byte(v.Evidence))
			require.NoError(t, err)
			_, err = trust.VerifyEvidence(e, sha256.Sum256([]byte(v.Document)), v.AcceptedAt)
			if v.Refusal == "" {
				require.NoError(t, err)
				return
			}
			requireRefusal(t, v.Refusal, err)
		})
	}
}

// checkDocument holds the bytes of a canonical document against the rules and,
// while its schema is the latest, against the product.
func checkDocument(t *testing.T, text string) {
	t.Helper()
	var any map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &any))
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(any))
	require.Equal(t, text+"\n", out.String())

	kind, document, err := record.ParseCanonical([]byte(text))
	require.NoError(t, err, "old schemas are read for ever")
	definition, _ := record.DefinitionOf(kind)
	if any["schema"] == float64(definition.Schema) {
		again, err := record.Canonical(kind, document)
		require.NoError(t, err)
		require.Equal(t, text, string(again))
	}
}

func checkSignatureVector(t *testing.T, v signatureVector) {
	t.Helper()
	c, err := certificate.Parse(v.Certificate)
	require.NoError(t, err)
	require.Equal(t, v.Algorithm, c.Algorithm())
	require.NoError(t, c.CheckSignature([]byte(v.Message), v.Signature))
	requireRefusal(t, certificate.BadSignature, c.CheckSignature([]byte(v.Message+"\n"), v.Signature))
	key, err := authority.ParseKey(v.Key)
	require.NoError(t, err)
	again, err := certificate.Sign(key, []byte(v.Message))
	require.NoError(t, err)
	require.Equal(t, v.Deterministic, bytes.Equal(v.Signature, again))
	require.NoError(t, c.CheckSignature([]byte(v.Message), again))
}

// oddities are what encoders of JSON disagree about.
const oddities = "甲<&>\"\\/\u2028\u2029\u007f\t𠮷é"

func newVectors(t *testing.T) vectors {
	t.Helper()
	document := &record.OrganizationDocument{
		LegalName: "测试" + oddities, LegalCode: code, Address: "示范大道 100 号", Capital: "12000", FoundedOn: "2009-06-18", LicenceLongTerm: true,
	}
	canonical, err := record.Canonical(record.OrganizationProfile, document)
	require.NoError(t, err)
	text := string(canonical)
	submit := submitStatement(canonical)
	all := vectors{
		Documents: []documentVector{{Bytes: text, SHA256: hexSHA256(text)}},
		Refused: []string{
			"", "unireg-statement/1\n", string(encode(t, submit)) + "\n", "\ufeff" + string(encode(t, submit)),
			string(bytes.ReplaceAll(encode(t, submit), []byte("\n"), []byte("\r\n"))),
			string(bytes.Replace(encode(t, submit), []byte("04:00:00Z"), []byte("12:00:00+08:00"), 1)),
			string(bytes.Replace(encode(t, submit), []byte("purpose: submit"), []byte("purpose: login"), 1)),
		},
	}
	for _, s := range []certificate.Statement{loginStatement(), submit} {
		encoded := string(encode(t, s))
		all.Statements = append(all.Statements, statementVector{
			Purpose: s.Purpose, Origin: s.Origin, Nonce: s.Nonce, Session: s.Session, Time: s.Time, Digest: s.Digest, Title: s.Title,
			Bytes: encoded, SHA256: hexSHA256(encoded),
		})
	}
	var entries []certificate.TrustEntry
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		entries = append(entries, a.TrustEntry("测试机构 "+string(algorithm)))
		v, c, key := subject(t, a, algorithm)
		pkcs8, err := authority.MarshalKey(key)
		require.NoError(t, err)
		statement := encode(t, submit)
		signature, err := certificate.Sign(key, statement)
		require.NoError(t, err)
		all.Signatures = append(all.Signatures, signatureVector{
			Algorithm: algorithm, Key: pkcs8, Certificate: c.Raw(), Message: string(statement), Signature: signature, Deterministic: algorithm == certificate.RSA,
		})
		all.Evidence = append(all.Evidence, newEvidenceVectors(t, a, v, c, text, statement, signature)...)
	}
	all.Trust, err = authority.TrustJSON(entries...)
	require.NoError(t, err)
	return all
}

func newEvidenceVectors(
	t *testing.T, a *authority.Authority, v certificate.Verified, c *certificate.Certificate, document string, statement, signature []byte,
) []evidenceVector {
	t.Helper()
	request, err := v.OCSPRequest()
	require.NoError(t, err)
	answer, err := v.StatusFromOCSP(responder(a, good).Respond(request), accepted)
	require.NoError(t, err)
	silent, err := v.StatusFromCRL(list(t, a), accepted, 0)
	require.NoError(t, err)
	revoked, err := v.StatusFromCRL(list(t, a, certificate.Entry{Serial: c.Serial(), At: noon, Reason: "keyCompromise"}), accepted, 0)
	require.NoError(t, err)
	name := string(c.Algorithm()) + " "
	all := []evidenceVector{
		{Name: name + "with an OCSP answer", Document: document, AcceptedAt: accepted},
		{Name: name + "with a list", Document: document, AcceptedAt: accepted},
		{Name: name + "revoked before acceptance", Document: document, AcceptedAt: accepted, Refusal: certificate.IsRevoked},
		{Name: name + "on another document", Document: document + " ", AcceptedAt: accepted, Refusal: certificate.BadSignature},
		{Name: name + "proof does not reach", Document: document, AcceptedAt: accepted.AddDate(0, 0, 2), Refusal: certificate.StatusUnknown},
	}
	for i, r := range []certificate.Revocation{answer, silent, revoked, answer, silent} {
		encoded, err := certificate.NewEvidence(statement, signature, v, r, accepted).Marshal()
		require.NoError(t, err)
		all[i].Evidence = string(encoded)
	}
	return all
}
