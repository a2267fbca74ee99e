"""The mouse over the channels moves a ring on the map; Plotly itself links only subplots that share an axis."""

import streamlit as st

_SCRIPT = """
const at = (map, metres) => {
  const [track] = map.data, places = track.customdata, layout = map._fullLayout;
  let nearest = 0;
  for (let i = 1; i < places.length; i++)
    if (Math.abs(places[i] - metres) < Math.abs(places[nearest] - metres)) nearest = i;
  return [layout.xaxis._offset + layout.xaxis.l2p(track.x[nearest]),
          layout.yaxis._offset + layout.yaxis.l2p(track.y[nearest])];
};
const plot = (key) => document.querySelector(`.st-key-${key} .js-plotly-plot`);
export default function () {
  let channels = null;
  const hide = () => document.getElementById("simrace-cursor")?.remove();
  const follow = (event) => {
    const map = plot("map"), metres = event.xvals?.[0];
    if (!map?.data || metres === undefined) return;
    let ring = document.getElementById("simrace-cursor");
    const layer = map.querySelector(".main-svg:last-of-type");
    if (!ring || ring.ownerSVGElement !== layer) {
      ring?.remove();
      ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      for (const [name, value] of Object.entries(
        {id: "simrace-cursor", r: 9, fill: "none", stroke: "#CC79A7", "stroke-width": 4, "pointer-events": "none"}
      )) ring.setAttribute(name, value);
      layer.append(ring);
    }
    const [x, y] = at(map, metres);
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
  };
  // The figures are drawn after this runs, and drawn anew when a filter changes.
  const timer = setInterval(() => {
    const now = plot("channels");
    if (now === channels || !now?.on) return;
    channels = now;
    channels.on("plotly_hover", follow);
    channels.on("plotly_unhover", hide);
  }, 300);
  return () => {
    clearInterval(timer);
    channels?.removeListener?.("plotly_hover", follow);
    channels?.removeListener?.("plotly_unhover", hide);
    hide();
  };
}
"""


_component = st.components.v2.component("simrace_linked_cursor", js=_SCRIPT)


def link_cursor() -> None:
    """Link the figure of the key channels with the one of the key map."""
    _component(key="linked_cursor")
