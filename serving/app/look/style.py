"""The page's own style sheet, beside what the themes set."""

from typing import Final

from serving.app.look.theme import ACCENT

STYLE: Final = f"""<style>
.stApp, [data-testid="stPopoverBody"] {{ --accent: light-dark({ACCENT["light"]}, {ACCENT["dark"]});
  --line: color-mix(in srgb, currentColor 13%, transparent);
  --soft: color-mix(in srgb, currentColor 6%, transparent);
  --muted: color-mix(in srgb, currentColor 62%, transparent); }}
.stMainBlockContainer {{ max-width: 1120px; padding-top: 2.2rem; padding-bottom: 4rem; }}
/* What is on the page stays as it is until the answer is there. */
[data-stale="true"] {{ opacity: 1 !important; transition: none !important; }}
.stTabs [data-baseweb="tab-list"] {{ gap: 1.6rem; }}
textarea {{ unicode-bidi: plaintext; text-align: start; font-size: 1.08rem !important; line-height: 1.5 !important; }}
.ts-head h1 {{ font-size: 1.9rem; font-weight: 700; letter-spacing: -0.02em; padding: 0; margin: 0; }}
.ts-state {{ color: var(--muted); font-size: 0.92rem; margin: 0.15rem 0 0.4rem; min-height: 1.5em; }}
.ts-dot {{ display: inline-block; width: 0.55em; height: 0.55em; border-radius: 50%; margin-inline-end: 0.5em;
  background: var(--muted); }}
.ts-dot.ts-on {{ background: var(--accent); box-shadow: 0 0 0 3px color-mix(in srgb, var(--accent) 22%, transparent); }}
.ts-small {{ color: var(--muted); font-size: 0.86rem; margin: 0 0 0.3rem; }}
.ts-caps {{ color: var(--muted); font-size: 0.74rem; font-weight: 600; letter-spacing: 0.07em; text-transform: uppercase;
  margin: 0.2rem 0 0.1rem; }}
.ts-box {{ border: 1px solid var(--line); border-inline-start: 3px solid var(--muted); border-radius: 8px;
  padding: 0.6rem 0.85rem; margin: 0; font-size: 0.94rem; overflow-wrap: anywhere; background: var(--soft); }}
.ts-error {{ border-inline-start-color: light-dark(#b42318, #ff9d92); }}
.ts-card {{ border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.3rem 1.2rem;
  background: light-dark(#ffffff, #1a1a25); box-shadow: 0 1px 2px rgb(0 0 0 / 5%); min-height: 12.6rem; }}
.ts-card.ts-low {{ min-height: 0; }}
.ts-by {{ display: flex; justify-content: space-between; color: var(--muted); font-size: 0.84rem; gap: 1rem; }}
.ts-verdict {{ display: flex; align-items: baseline; gap: 0.7rem; margin: 0.15rem 0 0.1rem; }}
.ts-label {{ font-size: 1.75rem; font-weight: 700; letter-spacing: -0.01em; overflow-wrap: anywhere; }}
.ts-share {{ font-size: 1.15rem; color: var(--muted); font-variant-numeric: tabular-nums; white-space: nowrap; }}
.ts-under {{ color: var(--muted); font-size: 0.9rem; min-height: 1.45em; margin: 0 0 0.7rem; overflow-wrap: anywhere; }}
.ts-bars {{ display: grid; gap: 0.45rem; max-height: 27rem; overflow-y: auto; scrollbar-width: thin; }}
.ts-bar {{ display: grid; grid-template-columns: minmax(4.6rem, 24%) 1fr 3.8rem; align-items: center; gap: 0.8rem;
  font-size: 0.95rem; }}
.ts-name {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.ts-track {{ height: 0.72rem; border-radius: 99px; background: color-mix(in srgb, currentColor 8%, transparent); overflow: hidden; }}
.ts-fill {{ display: block; height: 100%; border-radius: 99px; background: color-mix(in srgb, currentColor 34%, transparent); }}
.ts-strong .ts-fill {{ background: var(--accent); }}
.ts-strong .ts-name, .ts-strong .ts-number {{ font-weight: 650; }}
.ts-number {{ text-align: end; font-variant-numeric: tabular-nums; color: var(--muted); white-space: nowrap; }}
.ts-words {{ display: flex; flex-wrap: wrap; gap: 0.3rem 0.35rem; min-height: 3.6rem; max-height: 16rem; overflow-y: auto;
  align-content: flex-start; scrollbar-width: thin; }}
.ts-word {{ display: inline-flex; flex-direction: column; align-items: center; border-radius: 8px; padding: 0.12rem 0.5rem 0.2rem;
  background: color-mix(in srgb, currentColor calc(var(--w) * 0.35), transparent); max-width: 100%; line-height: 1.35; }}
.ts-word.ts-for {{ background: color-mix(in srgb, var(--accent) calc(var(--w) * 0.62), transparent); }}
.ts-word.ts-for i {{ color: inherit; opacity: 0.8; }}
.ts-word.ts-against {{ box-shadow: inset 0 -2px 0 color-mix(in srgb, currentColor var(--w), transparent); }}
.ts-word.ts-unknown b {{ font-weight: 400; text-decoration: underline dotted; color: var(--muted); }}
.ts-word b {{ font-weight: 550; overflow-wrap: anywhere; }}
.ts-word i {{ font-style: normal; font-size: 0.72rem; color: var(--muted); font-variant-numeric: tabular-nums; }}
/* To copy is what these lines are for: the button is there before somebody points at them. */
.stCode > div:has(button) {{ opacity: 1 !important; visibility: visible !important; }}
.ts-question {{ margin: 0; text-align: start; }}
.ts-tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.8rem; }}
.ts-tile {{ border: 1px solid var(--line); border-radius: 12px; padding: 0.75rem 1rem; background: light-dark(#ffffff, #1a1a25); }}
.ts-tile b {{ display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }}
.ts-tile span {{ color: var(--muted); font-size: 0.84rem; }}
.ts-table {{ width: 100%; border-collapse: collapse; font-size: 0.92rem; }}
.ts-table th {{ text-align: start; color: var(--muted); font-weight: 500; font-size: 0.82rem; }}
.ts-table th, .ts-table td {{ border: 0; border-bottom: 1px solid var(--line); padding: 0.4rem 0.7rem 0.4rem 0; overflow-wrap: anywhere; }}
.ts-meter {{ height: 0.5rem; border-radius: 99px; background: var(--soft); overflow: hidden; margin: 0.3rem 0 0.45rem; }}
.ts-meter span {{ display: block; height: 100%; background: var(--accent); border-radius: 99px; }}
[data-testid="stTextAreaRootElement"] {{ background: light-dark(#ffffff, #1a1a25); }}
[class*="st-key-example"] button {{ justify-content: flex-start; text-align: start; padding: 0.2rem 0.1rem; min-height: 0; }}
[class*="st-key-example"] button p {{ font-size: 0.9rem; text-align: start; line-height: 1.35; }}
.ts-wide .ts-bar {{ grid-template-columns: minmax(4.6rem, 52%) 1fr 3rem; }}
.stImage img {{ border-radius: 10px; background: #fff; }}
</style>"""
