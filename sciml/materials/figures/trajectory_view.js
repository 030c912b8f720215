// Draws the frames of `data` on the canvas inside `root`; see trajectory_view.py.
(function (root, data) {
  const find = (name) => root.querySelector(name);
  const canvas = find("canvas"), pen = canvas.getContext("2d");
  const slider = find("input"), button = find("button"), told = find("span");
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const places = new Uint16Array(bytes(data.places).buffer);
  const shades = bytes(data.shades);
  const atoms = data.radii.length, frames = data.labels.length;
  const scale = (0.47 * canvas.width) / data.reach;
  let turn = data.turn, tilt = data.tilt, timer = null;

  const seen = (place) => {
    const [x, y, z] = place.map((part, axis) => part - data.middle[axis]);
    const right = Math.cos(turn) * x + Math.sin(turn) * y;
    const deep = Math.cos(turn) * y - Math.sin(turn) * x;
    const high = Math.cos(tilt) * z - Math.sin(tilt) * deep;
    const depth = Math.sin(tilt) * z + Math.cos(tilt) * deep;
    return [canvas.width / 2 + scale * right, canvas.height / 2 - scale * high, depth];
  };
  const place = (frame, atom) => [0, 1, 2].map((axis) => {
    const share = places[3 * (frame * atoms + atom) + axis] / data.levels;
    return data.low[axis] + data.span[axis] * share;
  });
  const line = (one, other) => {
    pen.beginPath();
    pen.moveTo(...seen(one).slice(0, 2));
    pen.lineTo(...seen(other).slice(0, 2));
    pen.stroke();
  };
  const ball = ([x, y, depth, atom], frame) => {
    const light = 0.8 - (0.3 * depth) / data.reach;
    const colour = data.colours[shades[frame * atoms + atom]];
    pen.fillStyle = `rgb(${colour.map((part) => Math.round(part * light)).join()})`;
    pen.beginPath();
    pen.arc(x, y, scale * data.radii[atom], 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  };
  const draw = () => {
    const frame = Number(slider.value);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "#999";
    for (const [one, other] of data.edges[frame]) line(one, other);
    pen.strokeStyle = "rgba(0,0,0,0.4)";
    const balls = Array.from({ length: atoms }, (_, atom) => [...seen(place(frame, atom)), atom]);
    balls.sort((one, other) => other[2] - one[2]);
    for (const one of balls) ball(one, frame);
    told.textContent = data.labels[frame];
  };
  const step = () => {
    if (!document.body.contains(root)) return clearInterval(timer);
    slider.value = (Number(slider.value) + 1) % frames;
    draw();
  };
  button.onclick = () => {
    if (timer) clearInterval(timer);
    timer = timer ? null : setInterval(step, 80);
    button.textContent = timer ? "stop" : "play";
  };
  slider.oninput = draw;
  canvas.onpointerdown = (event) => canvas.setPointerCapture(event.pointerId);
  canvas.onpointermove = (event) => {
    if (!event.buttons) return;
    turn -= event.movementX / 120;
    tilt += event.movementY / 120;
    draw();
  };
  find("img").style.display = "none";
  canvas.style.display = find("p").style.display = "block";
  draw();
})
