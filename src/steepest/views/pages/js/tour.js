// Tour: eight steps through the built-in tables for those who learn. Each sets the page, names one control to move, and asks one question.
// At most 60 words stand before the question; the one that begins with Now is the action. set: id of a payload. state: settings as in state.js. picture: what to look at. Every number is recomputed by tests/test_tour.py.

const TOUR = [
  {
    title: "What a gradient is",
    set: "noisy",
    state: { rate: 0.1, epoch: 1, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "arithmetic",
    text: [
      "40 rows, and a line that starts flat at 0: 39 of the 40 predictions are too low.",
      "The gradient says how fast the loss changes as a parameter grows: -3.959 for the bias, -9.868 for the weight.",
      "A step subtracts learning rate times gradient, so both go up.",
      "Now press + 1 a few times. Watch the gradient shrink.",
    ],
    question: "The gradient of the weight is negative. What does the next step do to the weight?",
    answers: [
      { text: "It makes the weight smaller.", right: false, reply: "A step goes against the gradient. To subtract a negative number is to add: 0 - 0.1 · (-9.868) = 0.9868." },
      { text: "It makes the weight larger.", right: true, reply: "A negative gradient says that the loss falls as the weight grows. A step goes against the gradient: 0 - 0.1 · (-9.868) = 0.9868." },
      { text: "It leaves the weight alone and changes the bias first.", right: false, reply: "One step changes all parameters at once, each by its own part of the gradient: the weight by 0.9868 and the bias by 0.3959." },
    ],
  },
  {
    title: "Why this run has not arrived",
    set: "line",
    state: { rate: 0.0001, epoch: 200000, rule: "gradient", l2: 0, standardize: false, objective: "quarter_mse", log: true },
    picture: "loss",
    text: [
      "A run in many tutorials: y = 0.5x + 2, and 200,000 epochs.",
      "At epoch 10, 99.99% of the loss is gone, yet the bias is at 0.003 of 2. At the end it is at 1.834: 8.3% is missing.",
      "Its direction is 121,212 times flatter than the steep one.",
      "Now move Epoch to 10, then right. Watch the verdict.",
    ],
    question: "The loss is down to less than a millionth. Has the run arrived?",
    answers: [
      { text: "Yes. There is hardly any loss left, so the parameters are there.", right: false, reply: "The loss hardly sees the flat direction. 8.3% of the bias is missing, and that costs less than a millionth of the first loss." },
      { text: "No, and a learning rate of 0.001 would bring it there faster.", right: false, reply: "It has not arrived, but the stability limit is 0.000132666. At 0.001 the steep mode would grow without end." },
      { text: "No. The loss is flat, but the flat mode is still on its way.", right: true, reply: "A flat loss does not say that the parameters have arrived. The flat mode has 8.3% of its starting error left; look at What is left of each mode." },
    ],
  },
  {
    title: "Learning rate: too small, too large",
    set: "noisy",
    state: { rate: 0.003, epoch: 100, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "loss",
    text: [
      "The learning rate is 0.003, so the steps are small: after 100 epochs 35% of the bias is missing.",
      "A step multiplies the error of a mode by 1 - learning rate · curvature. At 0.3334 the steepest factor is -1: this is the stability limit.",
      "Now move Learning rate to the right, past best and limit. Watch the verdict.",
    ],
    question: "0.3 works well. What happens at 0.35?",
    answers: [
      { text: "The run arrives sooner, since its steps are longer.", right: false, reply: "Longer steps help only up to the best rate, 0.3218. At 0.35 each step goes too far, and the loss after 100 epochs is 1.6 billion." },
      { text: "Each step goes past the minimum, and lands farther from it than before.", right: true, reply: "The factor of the steepest mode is 1 - 0.35 · 5.998 = -1.099. Its error changes sign and grows by 9.9% at each epoch." },
      { text: "The run swings around the minimum forever, always as far from it.", right: false, reply: "That happens exactly at the limit, where the factor is -1. At 0.35 the factor is -1.099: the swings grow." },
    ],
  },
  {
    title: "Scaling",
    set: "scaled",
    state: { rate: 2.5e-7, epoch: 1000000, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "modes",
    text: [
      "50 houses: price by age and area. Areas are large numbers, so the loss is 77,635,023 times steeper in one direction than in another.",
      "The steepest sets the limit. For the flattest such steps are nothing: after 1,000,000 epochs 99% of the bias is missing.",
      "Now press Standardize. Watch the modes: all are gone by epoch 5.",
    ],
    question: "Why does standardizing help so much?",
    answers: [
      { text: "All directions become about equally steep, so that one learning rate suits them all.", right: true, reply: "The curvatures then lie between 0.9637 and 1.036. At the learning rate 1 every mode loses more than 96% of its error at each epoch." },
      { text: "The model fits the data better.", right: false, reply: "The exact minimum is the same model, with the RMSE 5.167 in both. Only the way there is shorter." },
      { text: "The computer adds small numbers more exactly than large ones.", right: false, reply: "Rounding is not what makes it slow. In exact arithmetic the raw run would need as many epochs, 1,075,285,615 at this learning rate." },
    ],
  },
  {
    title: "Momentum",
    set: "collinear",
    state: { rate: 1, epoch: 500, rule: "gradient", momentum: 0.95, l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "coefficients",
    text: [
      "x1 and x2 are nearly the same. The rows tell well what the two weights add up to, and badly how they share it.",
      "After 500 epochs of plain descent the weights are 1.33 and 0.668, and head for 3.03 and -1.03 (dashed).",
      "Now open More and set Method to heavy ball. Watch the lines: they are nearly there.",
    ],
    question: "Why does momentum speed up the slow direction?",
    answers: [
      { text: "It makes x1 and x2 less alike.", right: false, reply: "The data and the condition number, 2,805, stay what they are. Only the way of stepping changes." },
      { text: "It does the same as a learning rate 20 times as large.", right: false, reply: "In the slow direction nearly. But plain gradient descent at the learning rate 20 diverges: its limit is 2. With this momentum the limit is 3.9, and the steep direction stays stable." },
      { text: "The gradient there points the same way at each epoch, so the steps add up.", right: true, reply: "Steps that agree add up to as much as 1 / (1 - 0.95) = 20 times one of them. With the best momentum 551 epochs are enough, where plain gradient descent at its best rate takes 19,378." },
    ],
  },
  {
    title: "Early stopping",
    set: "polynomial",
    state: { rate: 0.2, epoch: 50000, rule: "gradient", l2: 0, standardize: true, objective: "half_mse", log: true },
    picture: "errors",
    text: [
      "25 rows of a sine curve with noise, and powers of x up to the 9th. 25 more are held out: the run never sees them.",
      "The training error falls all the way. The held-out error is smallest at epoch 694, and 87% larger at epoch 1,000,000.",
      "Now move Epoch to the left, to the star. Watch the held-out error.",
    ],
    question: "After epoch 694 the training error falls and the held-out error rises. What does the run learn there?",
    answers: [
      { text: "The noise of its own 25 rows.", right: true, reply: "What is true of these rows only cannot help with others. The flat modes come last, and in them there is more noise than curve. To stop before they have moved has much the effect of a penalty." },
      { text: "The sine curve, better and better.", right: false, reply: "Then the held-out rows, which follow the same curve, would be predicted better as well. Their error rises by 87% up to epoch 1,000,000." },
      { text: "Nothing. All modes have arrived.", right: false, reply: "The weights go on moving: 10,173,855 epochs are needed until no mode has more than a millionth of its starting error left." },
    ],
  },
  {
    title: "Classification",
    set: "classes",
    state: { rate: 0.5, epoch: 5, rule: "gradient", l2: 0, standardize: false, objective: "logistic", log: true },
    picture: "data",
    text: [
      "80 rows of two classes. On the solid line the chance is 50%, on the dotted ones 10% and 90%.",
      "Up to the learning rate 5.93 the run arrives from any start. Near the minimum the limit is 16.0.",
      "Now move Epoch to the right, to 1,000. Watch the dotted lines draw together.",
    ],
    question: "Why is the limit near the minimum larger?",
    answers: [
      { text: "The gradient is smaller there.", right: false, reply: "It is, at the minimum of any loss. But squared loss has the same limit everywhere: what counts is the curvature." },
      { text: "Many chances are near 0% or 100% there, and the loss of such a row is hardly curved.", right: true, reply: "The curvature of a row's loss is p · (1 - p) for the chance p: 0.25 at 50%, and on average 0.101 at the minimum. Less curvature allows longer steps." },
      { text: "Fewer rows count there.", right: false, reply: "All 80 rows count at every epoch." },
    ],
  },
  {
    title: "Separation",
    set: "separable",
    state: { rate: 1, epoch: 100, rule: "gradient", l2: 0, standardize: false, objective: "logistic", log: true },
    picture: "coefficients",
    text: [
      "40 rows, and a line that tells the classes apart without error. Larger weights then make every row's loss smaller, so there is no minimum.",
      "At epoch 100 the weight of x1 is 3.68, at epoch 10,000 it is 9.93.",
      "Now open More and move Penalty l2 to 0.025. Watch the weights: they head for 2.04 and 1.32.",
    ],
    question: "Why is there a minimum with a penalty?",
    answers: [
      { text: "The penalty lets the classes overlap.", right: false, reply: "The rows stay where they are: all 40 are still on the right side." },
      { text: "The penalty ends the run.", right: false, reply: "The run goes on, and comes to the minimum: after 208 epochs all but a millionth of the way is done." },
      { text: "From some point on, larger weights cost more than they gain.", right: true, reply: "At epoch 100 the loss of the rows has 0.0269 left to fall, however large the weights become. Twice the weights cost 4 times the penalty." },
    ],
  },
];
