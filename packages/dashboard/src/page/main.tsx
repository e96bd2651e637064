import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { startStream } from './data/stream.ts';

startStream();
render(<App />, document.getElementById('app')!);
