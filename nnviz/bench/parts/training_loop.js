// Trains a dense network with tanh hidden units and linear outputs by SGD on the squared error, one number at a time.
//
// One JSON object on the standard input: `widths` of the layers, inputs first; `parameters`, flat, per layer the
// weights (one row per unit) and then the biases; `x` and `y`, flat, sample after sample; `batchSize`, `rate`,
// `shuffle`; and either `epochs`, how many to train, or `warmUp` and `seconds`, how long.
// One on the standard output: `epochs` and `seconds` that were counted; `loss`, the mean over all samples of the
// squared error after training; and `parameters` when `epochs` was given.
"use strict";

function makeNetwork(widths, parameters) {
  const outputs = widths.map((n) => new Float64Array(n));
  const deltas = widths.map((n) => new Float64Array(n)); // ∂loss/∂(sum of a unit's weighted inputs)
  const layers = [];
  let start = 0;
  const take = (n) => Float64Array.from(parameters.slice(start, (start += n)));
  for (let k = 1; k < widths.length; k++) {
    const n = widths[k - 1] * widths[k];
    layers.push({
      first: k === 1,
      hidden: k < widths.length - 1,
      inputs: outputs[k - 1],
      inputDeltas: deltas[k - 1],
      outputs: outputs[k],
      deltas: deltas[k],
      weights: take(n),
      biases: take(widths[k]),
      weightGradients: new Float64Array(n),
      biasGradients: new Float64Array(widths[k]),
    });
  }
  return layers;
}

function forward(layer) {
  const { inputs, outputs, weights, biases, hidden } = layer;
  const n = inputs.length;
  for (let j = 0, p = 0; j < outputs.length; j++) {
    let sum = biases[j];
    for (let i = 0; i < n; i++) sum += weights[p++] * inputs[i];
    outputs[j] = hidden ? Math.tanh(sum) : sum;
  }
}

// Adds this sample's gradients to those of the batch, and finds the deltas of the layer before.
function backward(layer) {
  const { inputs, inputDeltas, deltas, weights, weightGradients, biasGradients, first } = layer;
  const n = inputs.length;
  if (first) {
    for (let j = 0, p = 0; j < deltas.length; j++) {
      const delta = deltas[j];
      biasGradients[j] += delta;
      for (let i = 0; i < n; i++) weightGradients[p++] += delta * inputs[i];
    }
    return;
  }
  inputDeltas.fill(0);
  for (let j = 0, p = 0; j < deltas.length; j++) {
    const delta = deltas[j];
    biasGradients[j] += delta;
    for (let i = 0; i < n; i++, p++) {
      weightGradients[p] += delta * inputs[i];
      inputDeltas[i] += delta * weights[p];
    }
  }
  for (let i = 0; i < n; i++) inputDeltas[i] *= 1 - inputs[i] * inputs[i];
}

function step(values, gradients, rate) {
  for (let i = 0; i < values.length; i++) {
    values[i] -= rate * gradients[i];
    gradients[i] = 0;
  }
}

function propagate(layers, x, sample) {
  const inputs = layers[0].inputs;
  const start = sample * inputs.length;
  for (let i = 0; i < inputs.length; i++) inputs[i] = x[start + i];
  for (let k = 0; k < layers.length; k++) forward(layers[k]);
}

function trainEpoch(layers, x, y, order, batchSize, rate) {
  const { outputs, deltas } = layers[layers.length - 1];
  let seen = 0;
  for (let s = 0; s < order.length; s++) {
    const sample = order[s];
    propagate(layers, x, sample);
    for (let j = 0; j < outputs.length; j++) deltas[j] = 2 * (outputs[j] - y[sample * outputs.length + j]);
    for (let k = layers.length - 1; k >= 0; k--) backward(layers[k]);
    seen++;
    if (seen === batchSize || s === order.length - 1) {
      for (let k = 0; k < layers.length; k++) {
        step(layers[k].weights, layers[k].weightGradients, rate / seen);
        step(layers[k].biases, layers[k].biasGradients, rate / seen);
      }
      seen = 0;
    }
  }
}

function shuffle(order) {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
}

function loss(layers, x, y, samples) {
  const outputs = layers[layers.length - 1].outputs;
  let sum = 0;
  for (let sample = 0; sample < samples; sample++) {
    propagate(layers, x, sample);
    for (let j = 0; j < outputs.length; j++) sum += (outputs[j] - y[sample * outputs.length + j]) ** 2;
  }
  return sum / samples;
}

// Trains until `done(epochs, seconds)`; returns both.
function timed(epoch, done) {
  const began = performance.now();
  let epochs = 0;
  let seconds = 0;
  while (!done(epochs, seconds)) {
    epoch();
    epochs++;
    seconds = (performance.now() - began) / 1000;
  }
  return { epochs, seconds };
}

function main(task) {
  const layers = makeNetwork(task.widths, task.parameters);
  const x = Float64Array.from(task.x);
  const y = Float64Array.from(task.y);
  const samples = x.length / task.widths[0];
  const order = Int32Array.from({ length: samples }, (_, i) => i);
  const epoch = () => {
    if (task.shuffle) shuffle(order);
    trainEpoch(layers, x, y, order, task.batchSize, task.rate);
  };
  const counted = task.epochs !== undefined;
  if (!counted) timed(epoch, (_, seconds) => seconds >= task.warmUp);
  const result = timed(epoch, (epochs, seconds) => (counted ? epochs >= task.epochs : seconds >= task.seconds));
  result.loss = loss(layers, x, y, samples);
  if (counted) result.parameters = layers.flatMap((layer) => [...layer.weights, ...layer.biases]);
  process.stdout.write(JSON.stringify(result) + "\n");
}

main(JSON.parse(require("fs").readFileSync(0, "utf8")));
