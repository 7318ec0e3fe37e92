package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// TakeoutModel is 数据导出: all that is kept of a subject, in one archive. The form
// posts current_password to /account/export.
type TakeoutModel struct {
	// Latest is the export that was asked for last, nil before the first; Earlier are
	// those before it.
	Latest  *Takeout
	Earlier []Takeout
	// ByKey tells that a key logged in a moment ago: no password is asked for. Stale
	// tells that one did, and too long ago.
	ByKey, Stale bool
	Account      string // of the password, for password managers
	ADay, Days   int    // how many may be asked for in a day, and for how long one is kept
	Minutes      int    // for which a login by key is fresh
	Problems     []form.Problem
}

// toAccount leads back to the account.
var toAccount = Link{"/account", "账号安全"}

// TakeoutState says how far an export is.
type TakeoutState string

// The states of an export.
const (
	TakeoutBuilding TakeoutState = "building"
	TakeoutReady    TakeoutState = "ready"
	TakeoutFailed   TakeoutState = "failed"
	TakeoutExpired  TakeoutState = "expired"
)

// Takeout is one export.
type Takeout struct {
	ID        string
	State     TakeoutState
	Retried   bool // an attempt failed, and another is under way
	At        time.Time
	AsOf      time.Time
	ExpiresAt time.Time
	Size      int64
	SHA256    string
}

func (t Takeout) href() string { return "/account/exports/" + t.ID + "/file" }

func (t Takeout) tone() Tone {
	switch t.State {
	case TakeoutReady:
		return Good
	case TakeoutFailed:
		return Bad
	case TakeoutBuilding, TakeoutExpired:
	}
	return Info
}

func (t Takeout) icon() Icon {
	if t.State == TakeoutBuilding {
		return IconClock
	}
	return t.tone().icon()
}

// tag is the state in a few words.
func (t Takeout) tag() Tag {
	switch t.State {
	case TakeoutReady:
		return Tag{"可以下载", Good}
	case TakeoutFailed:
		return Tag{"导出失败", Bad}
	case TakeoutExpired:
		return Tag{"已过期删除", Plain}
	case TakeoutBuilding:
	}
	return Tag{"正在生成", Info}
}

func (t Takeout) headline(ctx context.Context) string {
	switch t.State {
	case TakeoutReady:
		return tr(ctx, "导出文件已生成")
	case TakeoutFailed:
		return tr(ctx, "这次导出没有成功")
	case TakeoutExpired:
		return tr(ctx, "上次的导出文件已过期删除")
	case TakeoutBuilding:
	}
	return tr(ctx, "正在生成导出文件")
}

func (t Takeout) explanation(ctx context.Context) string {
	switch t.State {
	case TakeoutReady:
		return tr(ctx, "含身份证件号码等个人信息，请保存在可信的电脑上。到期后自动删除。")
	case TakeoutFailed:
		return tr(ctx, "系统多次重试后仍未成功，数据没有受到影响。请重新导出，或联系服务热线。")
	case TakeoutExpired:
		return tr(ctx, "需要时可以重新导出。")
	case TakeoutBuilding:
	}
	if t.Retried {
		return tr(ctx, "生成时遇到问题，系统正在自动重试，不需要重新申请。完成后会发送消息，可以离开本页。")
	}
	return tr(ctx, "附件较多时需要几分钟。完成后会发送消息，可以离开本页。")
}

// building tells that the latest export is not there yet.
func (m TakeoutModel) building() bool { return m.Latest != nil && m.Latest.State == TakeoutBuilding }

// takeoutPage lets the page ask again while an export is built.
func takeoutPage(p Page, m TakeoutModel) Page {
	if !m.building() {
		return p.with(len(m.Problems))
	}
	return p.with(len(m.Problems), "refresh.js").reloading(5)
}

// passwordHint says what who logged in by key may do.
func (m TakeoutModel) passwordHint(ctx context.Context) string {
	if m.Stale {
		return tr(ctx, "您以 CA 证书登录已超过 %d 分钟。没有设置过密码的，退出后重新用 CA 证书登录即可。", m.Minutes)
	}
	return tr(ctx, "数据中有全部个人信息，请再次输入密码。")
}
