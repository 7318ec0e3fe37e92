package web

import (
	"encoding/hex"
	"fmt"

	"unireg/certificate"
	"unireg/storage"
	"unireg/web/view"
)

// verifySignature proves again that a version was signed when it was submitted.
func (s *Server) verifySignature(v storage.Version) (certificate.Report, error) {
	evidence, err := certificate.ParseEvidence(v.Signature)
	if err != nil {
		return certificate.Report{}, err
	}
	var digest [32]byte
	if n, err := hex.Decode(digest[:], []byte(v.SHA256)); err != nil || n != len(digest) {
		return certificate.Report{}, fmt.Errorf("verify signature: the digest of the version is none")
	}
	return s.Trust.VerifyEvidence(evidence, digest, v.AcceptedAt)
}

// signatureCheck says in a line what became of a version's signature; nil for a
// version that was submitted by password.
func (s *Server) signatureCheck(v storage.Version) *view.Check {
	if len(v.Signature) == 0 {
		return nil
	}
	if s.Trust == nil {
		return &view.Check{Tone: view.Warn, Text: "数字签名未核验", Note: "本平台没有配置可信的签发机构"}
	}
	report, err := s.verifySignature(v)
	if refusal, refused := certificate.RefusalOf(err); refused {
		return &view.Check{Tone: view.Bad, Text: "数字签名核验未通过", Note: refusal.Explain()}
	}
	if err != nil {
		return &view.Check{Tone: view.Bad, Text: "数字签名核验未通过", Note: "签名数据不完整"}
	}
	serial := report.Certificate.Serial()
	return &view.Check{
		Tone: view.Good, Text: "数字签名有效，内容自提交后未被改动",
		Note: fmt.Sprintf("%s，%s，尾号 %s，%s 签发", report.Certificate.CommonName(), report.Certificate.Algorithm(), serial[max(0, len(serial)-4):], report.Verified.Issuer.Name),
	}
}
