package authority

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
)

// RevocationList signs a complete list in DER. Number must grow from list to
// list. Entries with the reason certificateHold are 挂失; an entry that is left
// away again is lifted.
func (a *Authority) RevocationList(number int64, entries []certificate.Entry, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	template := &smx509.RevocationList{Number: big.NewInt(number), ThisUpdate: thisUpdate, NextUpdate: nextUpdate}
	for _, entry := range entries {
		serial, err := certificate.ParseSerial(entry.Serial)
		if err != nil {
			return nil, fmt.Errorf("write revocation list: %w", err)
		}
		reason, ok := certificate.ReasonCode(entry.Reason)
		if !ok {
			return nil, fmt.Errorf("write revocation list: unknown reason %q", entry.Reason)
		}
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: entry.At, ReasonCode: reason,
		})
	}
	der, err := smx509.CreateRevocationList(rand.Reader, template, a.chain[0], a.key)
	if err != nil {
		return nil, fmt.Errorf("write revocation list: %w", err)
	}
	return der, nil
}
