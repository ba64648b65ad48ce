// tapable 2.3.4, written by scripts/vendor-tapable.mjs.
/*!
The MIT License

Copyright JS Foundation and other contributors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
var V=Object.create;var j=Object.defineProperty;var X=Object.getOwnPropertyDescriptor;var Z=Object.getOwnPropertyNames;var D=Object.getPrototypeOf,I=Object.prototype.hasOwnProperty;var d=(c,t)=>()=>{try{return t||c((t={exports:{}}).exports,t),t.exports}catch(e){throw t=0,e}};var tt=(c,t,e,n)=>{if(t&&typeof t=="object"||typeof t=="function")for(let s of Z(t))!I.call(c,s)&&s!==e&&j(c,s,{get:()=>t[s],enumerable:!(n=X(t,s))||n.enumerable});return c};var E=(c,t,e)=>(e=c!=null?V(D(c)):{},tt(t||!c||!c.__esModule?j(e,"default",{value:c,enumerable:!0}):e,c));var L=d((kt,H)=>{"use strict";H.exports.deprecate=(c,t)=>{let e=!0;return function(){return e&&(console.warn(`DeprecationWarning: ${t}`),e=!1),c.apply(this,arguments)}}});var y=d((bt,q)=>{"use strict";var et=L(),rt=et.deprecate(()=>{},"Hook.context is deprecated and will be removed");function R(...c){return this.call=this._createCall("sync"),this.call(...c)}function M(...c){return this.callAsync=this._createCall("async"),this.callAsync(...c)}function W(...c){return this.promise=this._createCall("promise"),this.promise(...c)}var $=class{constructor(t=[],e=void 0){this._args=t,this.name=e,this.taps=[],this.interceptors=[],this._call=R,this.call=R,this._callAsync=M,this.callAsync=M,this._promise=W,this.promise=W,this._x=void 0,this.compile=this.compile,this.tap=this.tap,this.tapAsync=this.tapAsync,this.tapPromise=this.tapPromise}compile(t){throw new Error("Abstract: should be overridden")}_createCall(t){return this.compile({taps:this.taps,interceptors:this.interceptors,args:this._args,type:t})}_tap(t,e,n){if(typeof e=="string"){let s=e.trim();if(s==="")throw new Error("Missing name for tap");e={type:t,fn:n,name:s}}else{if(typeof e!="object"||e===null)throw new Error("Invalid tap options");let{name:s}=e;if(typeof s=="string"&&(s=s.trim()),typeof s!="string"||s==="")throw new Error("Missing name for tap");typeof e.context<"u"&&rt();let o=!0;for(let r in e)if(r!=="name"){o=!1;break}o?e={type:t,fn:n,name:s}:(e.name=s,e=Object.assign({type:t,fn:n},e))}e=this._runRegisterInterceptors(e),this._insert(e)}tap(t,e){this._tap("sync",t,e)}tapAsync(t,e){this._tap("async",t,e)}tapPromise(t,e){this._tap("promise",t,e)}_runRegisterInterceptors(t){let{interceptors:e}=this,{length:n}=e;if(n===0)return t;for(let s=0;s<n;s++){let o=e[s];if(o.register){let r=o.register(t);r!==void 0&&(t=r)}}return t}withOptions(t){let e=n=>Object.assign({},t,typeof n=="string"?{name:n}:n);return{name:this.name,tap:(n,s)=>this.tap(e(n),s),tapAsync:(n,s)=>this.tapAsync(e(n),s),tapPromise:(n,s)=>this.tapPromise(e(n),s),intercept:n=>this.intercept(n),isUsed:()=>this.isUsed(),withOptions:n=>this.withOptions(e(n))}}isUsed(){return this.taps.length>0||this.interceptors.length>0}intercept(t){if(this._resetCompilation(),this.interceptors.push(Object.assign({},t)),t.register)for(let e=0;e<this.taps.length;e++)this.taps[e]=t.register(this.taps[e])}_resetCompilation(){this.call=this._call,this.callAsync=this._callAsync,this.promise=this._promise}_insert(t){this._resetCompilation();let{taps:e}=this,n=typeof t.stage=="number"?t.stage:0;if(!(typeof t.before=="string"||Array.isArray(t.before))){let r=e.length;if(r===0||(e[r-1].stage||0)<=n){e[r]=t;return}}let s;typeof t.before=="string"?s=new Set([t.before]):Array.isArray(t.before)&&(s=new Set(t.before));let o=e.length;for(;o>0;){o--;let r=e[o];e[o+1]=r;let i=r.stage||0;if(s){if(s.has(r.name)){s.delete(r.name);continue}if(s.size>0)continue}if(!(i>n)){o++;break}}e[o]=t}};Object.setPrototypeOf($.prototype,null);q.exports=$});var m=d((Pt,x)=>{"use strict";var k=class{constructor(){this.options=void 0,this._args=void 0}create(t){this.init(t);let e;switch(t.type){case"sync":e=new Function(this.args(),`"use strict";
${this.header()}${this.contentWithInterceptors({onError:n=>`throw ${n};
`,onResult:n=>`return ${n};
`,onDone:()=>"",resultReturns:!0,rethrowIfPossible:!0})}`);break;case"async":e=new Function(this.args({after:"_callback"}),`"use strict";
${this.header()}${this.contentWithInterceptors({onError:n=>`_callback(${n});
`,onResult:n=>`_callback(null, ${n});
`,onDone:()=>`_callback();
`})}`);break;case"promise":{let n=!1,s=this.contentWithInterceptors({onError:r=>(n=!0,`_error(${r});
`),onResult:r=>`_resolve(${r});
`,onDone:()=>`_resolve();
`}),o="";o+=`"use strict";
`,o+=this.header(),o+=`return new Promise((function(_resolve, _reject) {
`,n&&(o+=`var _sync = true;
`,o+=`function _error(_err) {
`,o+=`if(_sync)
`,o+=`_resolve(Promise.resolve().then((function() { throw _err; })));
`,o+=`else
`,o+=`_reject(_err);
`,o+=`};
`),o+=s,n&&(o+=`_sync = false;
`),o+=`}));
`,e=new Function(this.args(),o);break}}return this.deinit(),e}setup(t,e){let{taps:n}=e,{length:s}=n,o=Array.from({length:s});for(let r=0;r<s;r++)o[r]=n[r].fn;t._x=o}init(t){this.options=t,this._args=t.args,this._joinedArgs=void 0}deinit(){this.options=void 0,this._args=void 0,this._joinedArgs=void 0}contentWithInterceptors(t){if(this.options.interceptors.length>0){let{onError:e,onResult:n,onDone:s}=t,o="",r=this.options;for(let i=0;i<r.interceptors.length;i++){let a=r.interceptors[i];a.call&&(o+=`${this.getInterceptor(i)}.call(${this.args({before:a.context?"_context":void 0})});
`)}return o+=this.content(Object.assign(t,{onError:e&&(i=>{let a="";for(let u=0;u<r.interceptors.length;u++)r.interceptors[u].error&&(a+=`${this.getInterceptor(u)}.error(${i});
`);return a+=e(i),a}),onResult:n&&(i=>{let a="";for(let u=0;u<r.interceptors.length;u++)r.interceptors[u].result&&(a+=`${this.getInterceptor(u)}.result(${i});
`);return a+=n(i),a}),onDone:s&&(()=>{let i="";for(let a=0;a<r.interceptors.length;a++)r.interceptors[a].done&&(i+=`${this.getInterceptor(a)}.done();
`);return i+=s(),i})})),o}return this.content(t)}header(){let t="";return t+=this.needContext()?`var _context = {};
`:`var _context;
`,t+=`var _x = this._x;
`,this.options.interceptors.length>0&&(t+=`var _taps = this.taps;
`,t+=`var _interceptors = this.interceptors;
`),t}needContext(){let{taps:t}=this.options;for(let e=0;e<t.length;e++)if(t[e].context)return!0;return!1}callTap(t,{onError:e,onResult:n,onDone:s,rethrowIfPossible:o}){let r="",i=!1,a=this.options;for(let l=0;l<a.interceptors.length;l++){let h=a.interceptors[l];h.tap&&(i||(r+=`var _tap${t} = ${this.getTap(t)};
`,i=!0),r+=`${this.getInterceptor(l)}.tap(${h.context?"_context, ":""}_tap${t});
`)}r+=`var _fn${t} = ${this.getTapFn(t)};
`;let u=a.taps[t];switch(u.type){case"sync":o||(r+=`var _hasError${t} = false;
`,r+=`try {
`),n?r+=`var _result${t} = _fn${t}(${this.args({before:u.context?"_context":void 0})});
`:r+=`_fn${t}(${this.args({before:u.context?"_context":void 0})});
`,o||(r+=`} catch(_err) {
`,r+=`_hasError${t} = true;
`,r+=e("_err"),r+=`}
`,r+=`if(!_hasError${t}) {
`),n&&(r+=n(`_result${t}`)),s&&(r+=s()),o||(r+=`}
`);break;case"async":{let l="";l+=n?`(function(_err${t}, _result${t}) {
`:`(function(_err${t}) {
`,l+=`if(_err${t}) {
`,l+=e(`_err${t}`),l+=`} else {
`,n&&(l+=n(`_result${t}`)),s&&(l+=s()),l+=`}
`,l+="})",r+=`_fn${t}(${this.args({before:u.context?"_context":void 0,after:l})});
`;break}case"promise":r+=`var _hasResult${t} = false;
`,r+=`var _promise${t} = _fn${t}(${this.args({before:u.context?"_context":void 0})});
`,r+=`if (!_promise${t} || !_promise${t}.then)
`,r+=`  throw new Error('Tap function (tapPromise) did not return promise (returned ' + _promise${t} + ')');
`,r+=`_promise${t}.then((function(_result${t}) {
`,r+=`_hasResult${t} = true;
`,n&&(r+=n(`_result${t}`)),s&&(r+=s()),r+=`}), function(_err${t}) {
`,r+=`if(_hasResult${t}) throw _err${t};
`,r+=e(`!_err${t} ? new Error('Tap function (tapPromise) rejects "' + _err${t} + '" value') : _err${t}`),r+=`});
`;break}return r}callTapsSeries({onError:t,onResult:e,resultReturns:n,onDone:s,doneReturns:o,rethrowIfPossible:r}){let{taps:i}=this.options,a=i.length;if(a===0)return s();let u=-1;for(let p=0;p<a;p++)if(i[p].type!=="sync"){u=p;break}let l=n||o,h=p=>p?"":s(),_="",f=s,O=0;for(let p=a-1;p>=0;p--){let g=p;f!==s&&(i[g].type!=="sync"||O++>20)&&(O=0,_+=`function _next${g}() {
`,_+=f(),_+=`}
`,f=()=>`${l?"return ":""}_next${g}();
`);let w=f,Q=this.callTap(g,{onError:A=>t(g,A,w,h),onResult:e&&(A=>e(g,A,w,h)),onDone:e?void 0:w,rethrowIfPossible:r&&(u<0||g<u)});f=()=>Q}return _+=f(),_}callTapsLooping({onError:t,onDone:e,rethrowIfPossible:n}){let s=this.options;if(s.taps.length===0)return e();let o=s.taps.every(i=>i.type==="sync"),r="";o||(r+=`var _looper = (function() {
`,r+=`var _loopAsync = false;
`),r+=`var _loop;
`,r+=`do {
`,r+=`_loop = false;
`;for(let i=0;i<s.interceptors.length;i++){let a=s.interceptors[i];a.loop&&(r+=`${this.getInterceptor(i)}.loop(${this.args({before:a.context?"_context":void 0})});
`)}return r+=this.callTapsSeries({onError:t,onResult:(i,a,u,l)=>{let h="";return h+=`if(${a} !== undefined) {
`,h+=`_loop = true;
`,o||(h+=`if(_loopAsync) _looper();
`),h+=l(!0),h+=`} else {
`,h+=u(),h+=`}
`,h},onDone:e&&(()=>{let i="";return i+=`if(!_loop) {
`,i+=e(),i+=`}
`,i}),rethrowIfPossible:n&&o}),r+=`} while(_loop);
`,o||(r+=`_loopAsync = true;
`,r+=`});
`,r+=`_looper();
`),r}callTapsParallel({onError:t,onResult:e,onDone:n,rethrowIfPossible:s,onTap:o=(r,i)=>i()}){let{taps:r}=this.options,i=r.length;if(i<=1)return this.callTapsSeries({onError:t,onResult:e,onDone:n,rethrowIfPossible:s});let a=()=>n?`if(--_counter === 0) _done();
`:"--_counter;",u=h=>h||!n?`_counter = 0;
`:`_counter = 0;
_done();
`,l="";l+=`do {
`,l+=`var _counter = ${i};
`,n&&(l+=`var _done = (function() {
`,l+=n(),l+=`});
`);for(let h=0;h<i;h++)l+=`if(_counter <= 0) break;
`,l+=o(h,()=>this.callTap(h,{onError:_=>{let f="";return f+=`if(_counter > 0) {
`,f+=t(h,_,a,u),f+=`}
`,f},onResult:e&&(_=>{let f="";return f+=`if(_counter > 0) {
`,f+=e(h,_,a,u),f+=`}
`,f}),onDone:e?void 0:()=>a(),rethrowIfPossible:s}),a,u);return l+=`} while(false);
`,l}args({before:t,after:e}={}){let n=this._joinedArgs;return n===void 0&&(n=this._args.length===0?"":this._args.join(", "),this._joinedArgs=n),!t&&!e?n:n.length===0?t&&e?`${t}, ${e}`:t||e:t&&e?`${t}, ${n}, ${e}`:t?`${t}, ${n}`:`${n}, ${e}`}getTapFn(t){return`_x[${t}]`}getTap(t){return`_taps[${t}]`}getInterceptor(t){return`_interceptors[${t}]`}};x.exports=k});var F=d((vt,N)=>{"use strict";var nt=y(),st=m(),b=class extends st{content({onError:t,onResult:e,resultReturns:n,onDone:s,rethrowIfPossible:o}){return this.callTapsSeries({onError:(r,i)=>t(i),onResult:(r,i,a)=>`if(${i} !== undefined) {
${e(i)};
} else {
${a()}}
`,resultReturns:n,onDone:s,rethrowIfPossible:o})}},B=new b,ot=()=>{throw new Error("tapAsync is not supported on a SyncBailHook")},it=()=>{throw new Error("tapPromise is not supported on a SyncBailHook")};function ct(c){return B.setup(this,c),B.create(c)}function P(c=[],t=void 0){let e=new nt(c,t);return e.constructor=P,e.tapAsync=ot,e.tapPromise=it,e.compile=ct,e}P.prototype=null;N.exports=P});var G=d((Tt,Y)=>{"use strict";var at=y(),lt=m(),v=class extends lt{content({onError:t,onDone:e,rethrowIfPossible:n}){return this.callTapsSeries({onError:(s,o)=>t(o),onDone:e,rethrowIfPossible:n})}},U=new v,ut=()=>{throw new Error("tapAsync is not supported on a SyncHook")},ht=()=>{throw new Error("tapPromise is not supported on a SyncHook")};function ft(c){return U.setup(this,c),U.create(c)}function T(c=[],t=void 0){let e=new at(c,t);return e.constructor=T,e.tapAsync=ut,e.tapPromise=ht,e.compile=ft,e}T.prototype=null;Y.exports=T});var K=d((St,J)=>{"use strict";var pt=y(),_t=m(),S=class extends _t{content({onError:t,onResult:e,resultReturns:n,rethrowIfPossible:s}){return this.callTapsSeries({onError:(o,r)=>t(r),onResult:(o,r,i)=>{let a="";return a+=`if(${r} !== undefined) {
`,a+=`${this._args[0]} = ${r};
`,a+=`}
`,a+=i(),a},onDone:()=>e(this._args[0]),doneReturns:n,rethrowIfPossible:s})}},z=new S,gt=()=>{throw new Error("tapAsync is not supported on a SyncWaterfallHook")},dt=()=>{throw new Error("tapPromise is not supported on a SyncWaterfallHook")};function $t(c){return z.setup(this,c),z.create(c)}function C(c=[],t=void 0){if(c.length<1)throw new Error("Waterfall hooks must have at least one argument");let e=new pt(c,t);return e.constructor=C,e.tapAsync=gt,e.tapPromise=dt,e.compile=$t,e}C.prototype=null;J.exports=C});var yt=E(F()),mt=E(G()),wt=E(K());var export_SyncBailHook=yt.default;var export_SyncHook=mt.default;var export_SyncWaterfallHook=wt.default;export{export_SyncBailHook as SyncBailHook,export_SyncHook as SyncHook,export_SyncWaterfallHook as SyncWaterfallHook};
