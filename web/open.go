package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/storage"
)

const (
	// openAge is for how long an open page may be kept, in seconds: what is voided is
	// nowhere shown as in force for longer.
	openAge = 60
	// openPages and openExports are how many pages and workbooks one address may ask
	// for in a minute.
	openPages   = 120
	openExports = 6
)

// known tells that the answer is for this visitor alone: who is logged in, has
// preferences, or is told something on the next page.
func (v *visit) known() bool {
	return v.session != nil || v.cookie(prefsCookie) != "" || v.cookie(flashCookie) != ""
}

// renderOpen draws an open page. For whoever is not known it may be kept, and is
// sent again only when it has changed. Its mark is that of what it says, without the
// nonce; the policy stays that of the page that is kept, whose nonce it names.
func (v *visit) renderOpen(page templ.Component) error {
	drawn, err := v.drawn(page)
	if err != nil {
		return err
	}
	v.Type("html", "utf-8")
	if v.known() {
		return v.Status(http.StatusOK).SendString(drawn)
	}
	sum := sha256.Sum256([]byte(strings.ReplaceAll(drawn, v.nonce, "")))
	mark := `W/"` + hex.EncodeToString(sum[:12]) + `"`
	v.Set(fiber.HeaderCacheControl, fmt.Sprintf("public, max-age=%d", openAge))
	v.Set(fiber.HeaderVary, fiber.HeaderCookie)
	v.Set(fiber.HeaderETag, mark)
	if strings.Contains(v.Get(fiber.HeaderIfNoneMatch), mark) {
		v.Response().Header.Del(fiber.HeaderContentSecurityPolicy)
		v.Status(http.StatusNotModified)
		return nil
	}
	return v.Status(http.StatusOK).SendString(drawn)
}

// paced counts what an address asks of what is public, and refuses what is more than
// a person reads.
func (v *visit) paced(what string, limit int) error {
	allowed, after, err := v.s.Store.Hit(v.ctx, "open/"+what+"/"+storage.Network(v.from), time.Minute, limit)
	if err != nil || allowed {
		return err
	}
	v.throttled("too_many")
	v.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(after.Seconds())+1))
	return record.Errorf(record.TooMany, "查询过于频繁，请一分钟后再试。")
}

// disclosing refuses what the installation does not disclose, and who asks for too
// much of it.
func (v *visit) disclosing(what string, limit int) error {
	if !v.s.Site.Disclosure {
		return errNoPage
	}
	return v.paced(what, limit)
}

// unindexed tells search engines to keep no copy of a page.
func (v *visit) unindexed() { v.Set("X-Robots-Tag", "noindex, nofollow") }
