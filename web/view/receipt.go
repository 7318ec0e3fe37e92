package view

import "context"

func (m ReceiptModel) tone() Tone {
	switch m.State {
	case ReceiptApplied:
		return Good
	case ReceiptRefused:
		return Bad
	default:
		return Info
	}
}

func (m ReceiptModel) icon() Icon {
	if m.State == ReceiptProcessing {
		return IconClock
	}
	return m.tone().icon()
}

func (m ReceiptModel) headline(ctx context.Context) string {
	switch m.State {
	case ReceiptApplied:
		return tr(ctx, "%s成功", shown(ctx, m.Move))
	case ReceiptRefused:
		return tr(ctx, "%s未生效", shown(ctx, m.Move))
	default:
		return tr(ctx, "已受理，正在处理")
	}
}

func (m ReceiptModel) explanation(ctx context.Context) string {
	switch m.State {
	case ReceiptApplied:
		return tr(ctx, "已受理并办理完成，请保存回执号以备查询。")
	case ReceiptRefused:
		if m.Content {
			return tr(ctx, "已受理，但办理时未能生效。填写的内容已回到草稿，没有丢失。")
		}
		return tr(ctx, "已受理，但办理时未能生效，现有的内容和状态没有改变。")
	default:
		return tr(ctx, "已受理，回执号 %s，正在处理。内容已经保存，不需要重复提交；可以离开本页，结果会出现在消息里。", m.Number)
	}
}

// receiptPage lets the page ask again while the command is under way.
func receiptPage(p Page, m ReceiptModel) Page {
	if m.State != ReceiptProcessing {
		return p.with(0)
	}
	seconds := m.Refresh
	if seconds <= 0 {
		seconds = 5
	}
	return p.with(0, "refresh.js").reloading(seconds)
}
