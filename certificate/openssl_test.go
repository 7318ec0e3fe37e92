package certificate_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

// bench is a directory in which openssl, another implementation of everything
// here, checks our work and gives us its own to check.
type bench struct {
	t   testing.TB
	dir string
}

func newBench(t testing.TB) bench {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("the program openssl is missing; it comes with the Debian package openssl")
	}
	return bench{t: t, dir: t.TempDir()}
}

func (b bench) write(name string, data []byte) {
	b.t.Helper()
	require.NoError(b.t, os.WriteFile(filepath.Join(b.dir, name), data, 0o600))
}

func (b bench) read(name string) []byte {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	require.NoError(b.t, err)
	return data
}

// run expects success and returns what was printed. Arguments are separated by
// spaces.
func (b bench) run(line string, more ...string) string {
	b.t.Helper()
	out, err := b.try(line, more...)
	require.NoError(b.t, err, "openssl %s: %s", line, out)
	return out
}

func (b bench) try(line string, more ...string) (string, error) {
	command := exec.CommandContext(b.t.Context(), "openssl", append(strings.Fields(line), more...)...)
	command.Dir = b.dir
	out, err := command.CombinedOutput()
	return string(out), err
}

const userID = "distid:" + certificate.SM2UserID

// digests are the arguments of openssl dgst.
var digests = map[certificate.Algorithm]string{
	certificate.RSA: "-sha256", certificate.ECDSA: "-sha256", certificate.SM2: "-sm3 -sigopt " + userID,
}

func TestN08OpenSSLAcceptsOurs(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			b := newBench(t)
			option := ""
			if algorithm == certificate.SM2 {
				option = " -vfyopt " + userID
			}
			a := companies(t, algorithm)
			_, c, key := subject(t, a, algorithm)
			b.write("leaf.pem", c.PEM())
			b.write("ca.pem", pemOf(a.Certificate()))
			b.write("root.pem", pemOf(a.Chain()[1]))

			t.Run("chain", func(t *testing.T) {
				b := bench{t, b.dir}
				// Link by link: openssl tells the user id to the lowest one only.
				line := fmt.Sprintf("verify%s -x509_strict -partial_chain -attime %d -CAfile ", option, noon.Unix())
				require.Contains(t, b.run(line+"ca.pem leaf.pem"), "leaf.pem: OK")
				require.Contains(t, b.run(line+"root.pem ca.pem"), "ca.pem: OK")
				if algorithm != certificate.SM2 {
					require.Contains(t, b.run(line+"root.pem -check_ss_sig root.pem"), "root.pem: OK")
				}
			})
			t.Run("names and numbers", func(t *testing.T) {
				b := bench{t, b.dir}
				require.Equal(t, "serial="+c.Serial(), strings.TrimSpace(b.run("x509 -in leaf.pem -noout -serial")))
				names := strings.Split(b.run("x509 -in leaf.pem -noout -subject -issuer -nameopt RFC2253,-esc_msb,utf8"), "\n")
				require.Equal(t, []string{"subject=" + c.Subject(), "issuer=" + c.Issuer(), ""}, names)
				for digest, want := range map[string]string{"sha256": c.SHA256(), "sm3": c.SM3()} {
					_, got, _ := strings.Cut(b.run("x509 -in leaf.pem -noout -fingerprint -"+digest), "=")
					require.Equal(t, want, strings.ToLower(strings.ReplaceAll(strings.TrimSpace(got), ":", "")))
				}
				require.Contains(t, b.run("asn1parse -in leaf.pem"), fmt.Sprintf("[HEX DUMP]:0C12%X", code))
			})
			t.Run("signature", func(t *testing.T) {
				b := bench{t, b.dir}
				message := encode(t, submitStatement(content))
				signature, err := certificate.Sign(key, message)
				require.NoError(t, err)
				b.write("message", message)
				b.write("signature", signature)
				b.write("key.pem", []byte(b.run("x509 -in leaf.pem -noout -pubkey")))
				line := "dgst " + digests[algorithm] + " -verify key.pem -signature signature message"
				require.Contains(t, b.run(line), "Verified OK")
				b.write("message", append(message, '\n'))
				_, err = b.try(line)
				require.Error(t, err)
			})
			t.Run("request", func(t *testing.T) {
				b := bench{t, b.dir}
				csr, err := authority.NewCSR(key, "测试")
				require.NoError(t, err)
				b.write("csr.der", csr)
				require.Contains(t, b.run("req -inform DER -in csr.der -noout -verify"+option), "verify OK")
			})
			t.Run("list", func(t *testing.T) {
				b := bench{t, b.dir}
				held := certificate.Entry{Serial: c.Serial(), At: noon, Reason: "certificateHold"}
				b.write("list.der", list(t, a, held))
				text := b.run("crl -inform DER -in list.der -noout -text")
				require.Contains(t, text, "Serial Number: "+c.Serial())
				require.Contains(t, text, "Certificate Hold")
				text, err := b.try("crl -inform DER -in list.der -noout -CAfile ca.pem")
				require.NoError(t, err)
				require.Contains(t, text, map[bool]string{true: "verify failure", false: "verify OK"}[algorithm == certificate.SM2])
				b.write("list.pem", []byte(b.run("crl -inform DER -in list.der")))
				b.write("empty.der", list(t, a))
				b.write("empty.pem", []byte(b.run("crl -inform DER -in empty.der")))
				line := fmt.Sprintf("verify%s -crl_check -partial_chain -attime %d -CAfile ca.pem", option, noon.Unix())
				out, err := b.try(line + " -CRLfile list.pem leaf.pem")
				require.Error(t, err)
				require.Contains(t, out, listVerdict(algorithm, "certificate revoked"))
				out, err = b.try(line + " -CRLfile empty.pem leaf.pem")
				require.Equal(t, algorithm == certificate.SM2, err != nil, out)
				require.Contains(t, out, listVerdict(algorithm, "leaf.pem: OK"))
			})
			t.Run("ocsp", func(t *testing.T) {
				b := bench{t, b.dir}
				b.run("ocsp -issuer ca.pem -cert leaf.pem -reqout request.der")
				delegate, err := a.NewDelegate(algorithm, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
				require.NoError(t, err)
				for _, state := range []authority.State{good, {Status: certificate.Revoked, At: noon, Reason: "keyCompromise"}} {
					for _, by := range []*authority.Delegate{nil, delegate} {
						r := responder(a, state)
						r.Now, r.Delegate = time.Now, by
						b.write("response.der", r.Respond(b.read("request.der")))
						asked := nonce(t, b.run("ocsp -reqin request.der -req_text"))
						require.Equal(t, asked, nonce(t, b.run("ocsp -respin response.der -resp_text -noverify")))
						out, err := b.try("ocsp -issuer ca.pem -cert leaf.pem -no_nonce -respin response.der -CAfile root.pem -verify_other ca.pem")
						require.Contains(t, out, "leaf.pem: "+string(state.Status))
						if algorithm == certificate.SM2 {
							// openssl ocsp cannot be told the user id.
							require.Contains(t, out, "Response Verify Failure")
							continue
						}
						require.NoError(t, err, out)
						require.Contains(t, out, "Response verify OK")
					}
				}
			})
		})
	}
}

// nonce finds the line with the nonce.
func nonce(t testing.TB, text string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "OCSP Nonce:")
	require.True(t, found, text)
	line, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	return line
}

// listVerdict is what openssl verify says: it cannot be told the user id for a
// list, so it reads ours in SM2 but does not find its signature good.
func listVerdict(algorithm certificate.Algorithm, otherwise string) string {
	if algorithm == certificate.SM2 {
		return "CRL signature failure"
	}
	return otherwise
}

const opensslConfig = `
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
1.2.156.10260.4.1.4 = ASN1:PRINTABLESTRING:` + code + `
[responder]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
[ca]
default_ca = own
[own]
database = index.txt
crlnumber = number
default_md = default
default_crl_days = 30
`

func TestN08WeAcceptOpenSSLs(t *testing.T) {
	generate := map[certificate.Algorithm]string{
		certificate.RSA:   "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ",
		certificate.ECDSA: "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ",
		certificate.SM2:   "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out ",
	}
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			b := newBench(t)
			sign, request := "-sha256", ""
			if algorithm == certificate.SM2 {
				sign, request = "-sm3 -sigopt "+userID, " -vfyopt "+userID
			}
			b.write("openssl.cnf", []byte(opensslConfig))
			b.write("index.txt", nil)
			b.write("number", []byte("05\n"))
			for _, name := range []string{"ca", "leaf", "revoked", "responder"} {
				b.run(generate[algorithm] + name + ".key")
			}
			b.run("req -x509 -config openssl.cnf -extensions root -days 30 -key ca.key -out ca.pem "+sign, "-subj", "/C=CN/O=OpenSSL/CN=root")
			for i, name := range []string{"leaf", "revoked", "responder"} {
				b.run("req -new -config openssl.cnf -key "+name+".key -out "+name+".csr "+sign, "-subj", "/CN="+name)
				extensions := map[bool]string{true: "responder", false: "leaf"}[name == "responder"]
				b.run(fmt.Sprintf("x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -set_serial %d -days 9 -extfile openssl.cnf -extensions %s -out %s.pem %s%s",
					name, 0xa0+i, extensions, name, sign, request))
			}
			trust := pinning(t, certificate.TrustEntry{Name: "OpenSSL", Certificates: string(b.read("ca.pem")), Code: "oid:" + authority.CodeOID})
			verified := map[string]certificate.Verified{}
			now := time.Now()
			for _, name := range []string{"leaf", "revoked"} {
				c, _, err := certificate.ParsePEM(b.read(name + ".pem"))
				require.NoError(t, err)
				require.Equal(t, algorithm, c.Algorithm())
				verified[name], err = trust.Verify(c, nil, now)
				require.NoError(t, err)
				require.Equal(t, code, verified[name].Code)
			}

			t.Run("signature", func(t *testing.T) {
				b := bench{t, b.dir}
				b.write("message", []byte("message"))
				b.run("dgst " + digests[algorithm] + " -sign leaf.key -out signature message")
				c, err := certificate.Parse(verified["leaf"].Chain[0])
				require.NoError(t, err)
				require.NoError(t, c.CheckSignature([]byte("message"), b.read("signature")))
				requireRefusal(t, certificate.BadSignature, c.CheckSignature([]byte("massage"), b.read("signature")))
			})
			t.Run("key and request", func(t *testing.T) {
				b := bench{t, b.dir}
				b.run("pkcs8 -topk8 -nocrypt -in leaf.key -outform DER -out leaf.pk8")
				key, err := authority.ParseKey(b.read("leaf.pk8"))
				require.NoError(t, err)
				public, err := authority.CSRKey(b.read("leaf.csr"))
				require.NoError(t, err)
				require.Equal(t, key.Public(), public)
			})
			b.write("index.txt", index(t, b, "leaf", "revoked"))
			t.Run("C4 list", func(t *testing.T) {
				b := bench{t, b.dir}
				b.run("ca -gencrl -config openssl.cnf -cert ca.pem -keyfile ca.key -out list.pem -md " + strings.TrimPrefix(sign, "-"))
				b.run("crl -in list.pem -outform DER -out list.der")
				for name, want := range map[string]certificate.Status{"leaf": certificate.Good, "revoked": certificate.Revoked} {
					r, err := verified[name].StatusFromCRL(b.read("list.der"), now, 0)
					require.NoError(t, err)
					require.Equal(t, want, r.Status)
				}
				l, err := trust.ParseCRL(trust.Issuers()[0].Key, b.read("list.der"))
				require.NoError(t, err)
				require.Equal(t, "5", l.Number)
				require.Equal(t, []certificate.Entry{{Serial: "A1", At: noon, Reason: "keyCompromise"}}, l.Entries)
			})
			for _, by := range []string{"ca", "responder"} {
				t.Run("C4 ocsp by "+by, func(t *testing.T) {
					b := bench{t, b.dir}
					line := "ocsp -index index.txt -CA ca.pem -rsigner " + by + ".pem -rkey " + by + ".key -ndays 1 -reqin request.der -respout response.der"
					if algorithm == certificate.SM2 {
						line += " -rmd sm3 -rsigopt " + userID
					}
					for name, want := range map[string]certificate.Status{"leaf": certificate.Good, "revoked": certificate.Revoked} {
						request, err := verified[name].OCSPRequest()
						require.NoError(t, err)
						b.write("request.der", request)
						b.run(line)
						r, err := verified[name].StatusFromOCSP(b.read("response.der"), time.Now())
						require.NoError(t, err)
						require.Equal(t, want, r.Status)
						if want == certificate.Revoked {
							require.Equal(t, noon, r.RevokedAt)
							require.Equal(t, "keyCompromise", r.Reason)
						}
					}
				})
			}
		})
	}
}

// index is openssl's database of a good and a revoked certificate.
func index(t testing.TB, b bench, valid, revoked string) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, name := range []string{valid, revoked} {
		x, err := smx509.ParseCertificatePEM(b.read(name + ".pem"))
		require.NoError(t, err)
		state, at := "V", ""
		if name == revoked {
			state, at = "R", noon.Format("060102150405Z")+",keyCompromise"
		}
		fmt.Fprintf(&out, "%s\t%s\t%s\t%s\tunknown\t/CN=%s\n", state, x.NotAfter.UTC().Format("060102150405Z"), at,
			strings.ToUpper(strconv.FormatInt(x.SerialNumber.Int64(), 16)), name)
	}
	return out.Bytes()
}

// The steps that docs/signatures.md gives to whom we do not know.
func TestC10DocumentedSteps(t *testing.T) {
	text, err := os.ReadFile("../docs/signatures.md")
	require.NoError(t, err)
	_, script, found := strings.Cut(string(text), "```sh\n")
	require.True(t, found)
	script, _, found = strings.Cut(script, "\n```")
	require.True(t, found)
	for _, algorithm := range algorithms {
		a := companies(t, algorithm)
		e, v := signed(t, a, algorithm)
		c, err := certificate.Parse(e.Chain[0])
		require.NoError(t, err)
		for source, want := range map[string]string{certificate.FromOCSP: "Cert Status: good", certificate.FromCRL: "No Revoked Certificates"} {
			t.Run(string(algorithm)+" "+source, func(t *testing.T) {
				b := newBench(t)
				e := e
				if source == certificate.FromCRL {
					r, err := v.StatusFromCRL(list(t, a), accepted, 0)
					require.NoError(t, err)
					e.Source, e.Proof = r.Source, r.Proof
				}
				encoded, err := e.Marshal()
				require.NoError(t, err)
				bundle, err := trusting(t, a).NewBundle(content, encoded, accepted.Add(time.Second/2))
				require.NoError(t, err)
				written, err := bundle.Marshal()
				require.NoError(t, err)
				b.write("bundle.json", written)
				out, err := b.shell(script)
				require.NoError(t, err, out)
				for _, line := range []string{"title: 基本信息", "Verified OK", "1.pem: OK", "2.pem: OK", "serial=" + c.Serial(), want} {
					require.Contains(t, out, line)
				}

				bundle.Document = append(bytes.Clone(content), ' ')
				written, err = bundle.Marshal()
				require.NoError(t, err)
				b.write("bundle.json", written)
				out, err = b.shell(script)
				require.Error(t, err, "another document: %s", out)
			})
		}
	}
}

func (b bench) shell(script string) (string, error) {
	command := exec.CommandContext(b.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Dir = b.dir
	out, err := command.CombinedOutput()
	return string(out), err
}
